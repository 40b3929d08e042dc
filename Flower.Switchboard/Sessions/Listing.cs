// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Grpc.Core;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>What a caller sees of the targets. On the loop.</summary>
internal static class Listing
{
    private const int SliceTargets = 64;
    private const int SliceBytes = 32 * 1024;

    /// <summary>Sends what matches in slices, each of which is short work.</summary>
    /// <param name="board">Where they are registered.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="labels">The filter.</param>
    /// <param name="cursor">Where to begin; ahead of what was given to <paramref name="send"/> at any time.</param>
    /// <param name="send">Takes a slice.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public static async Task RunAsync(
        Board board,
        Caller caller,
        Labels? labels,
        ListCursor cursor,
        Func<ListResponse, Task> send,
        CancellationToken cancellationToken)
    {
        LabelSet filter = FilterOf(caller, labels);
        var slice = new List<Target>();
        while (cursor.Next != TargetDirectory<Target>.EndOfList)
        {
            slice.Clear();
            long next = cursor.Next;
            board.List(filter, SliceTargets, slice, ref next);
            var response = new ListResponse();
            int bytes = 0;
            foreach (Target target in slice)
            {
                Protocol.V1.Target listed = Describe(target, caller.Handle);
                bytes += listed.CalculateSize();
                if (bytes > SliceBytes && response.Targets.Count > 0)
                {
                    next = cursor.Next;
                    break;
                }

                response.Targets.Add(listed);
                cursor.Next = target.Registration;
            }

            cursor.Next = next;
            if (response.Targets.Count > 0)
            {
                await send(response);
            }

            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>What the targets that a caller lists must not contradict, and must state.</summary>
    /// <exception cref="RpcException">The labels break a rule or contradict the handle's.</exception>
    public static LabelSet FilterOf(Caller caller, Labels? labels) =>
        // What a target demands of its clients hides it from those who are others.
        Stating.OutLabels(caller.Handle, Stating.Read(labels)).Merge(caller.AsClient, out _);

    /// <summary>Whether List without labels shows a target to a caller.</summary>
    public static bool IsShown(Target target, Caller caller) =>
        (caller.Handle.Rights & Rights.List) != 0
        && TargetDirectory<Target>.IsListed(target.Indexed, FilterOf(caller, null));

    /// <summary>The labels of a target as a holder of the handle sees them.</summary>
    public static IReadOnlyList<Label> LabelsOf(Target target, Handle receiver) => Provenance.ForReceiver(
        target.Attested, new Party(receiver, LabelSide.Out, LabelSet.Empty), target.Party);

    /// <summary>A target as a holder of the handle sees it.</summary>
    public static Protocol.V1.Target Describe(Target target, Handle receiver)
    {
        var described = new Protocol.V1.Target
        {
            Kind = target.Kind,
            Labels = { LabelsOf(target, receiver) },
            RequiredKeys = { target.Own.RequiredKeys },
            Weight = target.Weight,
            Draining = target.IsDraining,
            Activator = target.IsActivator,
            Connections = target.Given,
        };
        if (target.Condition.OpenConnections is uint open)
        {
            described.OpenConnections = open;
        }

        return described;
    }
}
