// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Handle = Flower.Switchboard.Routing.Handle;
using RevocableConnection = Flower.Switchboard.Sessions.RevocableConnection;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>Who watches, and what of it may be seen: what List and Handles would show.</summary>
/// <param name="caller">Who watches.</param>
/// <param name="labels">Which of it is wanted.</param>
/// <exception cref="Grpc.Core.RpcException">The labels break a rule or contradict the handle's.</exception>
internal sealed class Viewer(Caller caller, Labels? labels)
{
    private readonly HandleScope _scope = new(caller.Node);

    private readonly ConnectionFilter _connects = new(Stating.OutLabels(caller.Handle, Stating.Read(labels)));

    /// <summary>A handle that nothing was made from: to it, who set labels means nothing.</summary>
    public static Handle Nobody { get; } = Handle.CreateRoot(Rights.None, LabelSet.Empty, LabelSet.Empty);

    public Caller Caller { get; } = caller;

    /// <summary>Root, or the switchboard's own user, over a path.</summary>
    public bool IsOverseer => _scope.IsOverseers;

    /// <summary>As for List.</summary>
    public LabelSet TargetFilter { get; } = Listing.FilterOf(caller, labels);

    /// <summary>Whether List would show a target.</summary>
    public bool MayList(Target target) => TargetDirectory<Target>.IsListed(target.Indexed, TargetFilter);

    /// <summary>Whether the labels of a connect are among those that are wanted.</summary>
    public bool Fits(LabelSet connect) => _connects.Fits(connect);

    /// <summary>Whether Handles would show a handle, or it is the caller's own.</summary>
    public bool Covers(HandleNode node) => ReferenceEquals(node, Caller.Node) || _scope.Covers(node);

    /// <summary>Whether Connections would show a connection.</summary>
    public bool Covers(RevocableConnection connection) => _scope.Covers(connection);
}
