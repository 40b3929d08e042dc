// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <content>What is on the board, in streams.</content>
public sealed partial class Handle
{
    /// <summary>The targets that do not contradict the labels.</summary>
    /// <exception cref="FlowerException">The handle does not allow it, or the switchboard went away.</exception>
    public async IAsyncEnumerable<TargetInfo> ListAsync(
        LabelSet labels, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var request = new ListRequest { Labels = labels.ToMessage() };
        await foreach (ListResponse slice in ReadAsync(
            stub => stub.List(request, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            foreach (Target target in slice.Targets)
            {
                yield return TargetInfo.From(target);
            }
        }
    }

    /// <summary>
    /// The live handles that this one may revoke, in the order of their ids, so a parent before what was made from it. Over a
    /// handle that Constrain made: what was made from it, directly or not. Over a path: all that come from sessions of the
    /// same user; for root and the switchboard's own user, all there are.
    /// </summary>
    /// <exception cref="FlowerException">The switchboard went away.</exception>
    public async IAsyncEnumerable<HandleInfo> HandlesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (HandlesResponse slice in ReadAsync(
            stub => stub.Handles(new(), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            foreach (LiveHandle handle in slice.Handles)
            {
                yield return new(handle);
            }
        }
    }

    /// <summary>
    /// The open connections, in the order in which they were made: those that were requested or whose target was registered
    /// over this handle, or over one that it may revoke; and with the right LIST, all whose labels contradict neither the
    /// handle's out-labels nor the given ones.
    /// </summary>
    /// <exception cref="FlowerException">The labels contradict the handle's own, or the switchboard went away.</exception>
    public IAsyncEnumerable<ConnectionInfo> ConnectionsAsync(
        LabelSet labels, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return ReadConnectionsAsync(new() { Labels = labels.ToMessage() }, cancellationToken);
    }

    /// <summary>
    /// The connections that this handle may revoke, in the order in which they were made: revocable ones that were requested
    /// or whose target was registered over it, or over one that it may revoke.
    /// </summary>
    /// <exception cref="FlowerException">The switchboard went away.</exception>
    public IAsyncEnumerable<ConnectionInfo> RevocableConnectionsAsync(CancellationToken cancellationToken = default) =>
        ReadConnectionsAsync(new() { RevocableOnly = true }, cancellationToken);

    private async IAsyncEnumerable<ConnectionInfo> ReadConnectionsAsync(
        ConnectionsRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (ConnectionsResponse slice in ReadAsync(
            stub => stub.Connections(request, cancellationToken: cancellationToken), cancellationToken)
            .ConfigureAwait(false))
        {
            foreach (LiveConnection connection in slice.Connections)
            {
                yield return new(connection);
            }
        }
    }

    // Begun again where the session was lost before anything came.
    private async IAsyncEnumerable<T> ReadAsync<T>(
        Func<Switchboard.SwitchboardClient, AsyncServerStreamingCall<T>> begin,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool hasTold = false;
        for (int losses = 0; ; losses++)
        {
            Session session = await _keeper.GetAsync(default, cancellationToken).ConfigureAwait(false);
            using AsyncServerStreamingCall<T> call = begin(session.Pooled);
            ListStep step;
            while ((step = await NextAsync(call, session, hasTold, losses, cancellationToken).ConfigureAwait(false))
                == ListStep.Slice)
            {
                hasTold = true;
                yield return call.ResponseStream.Current;
            }

            if (step == ListStep.End)
            {
                yield break;
            }
        }
    }

    private async Task<ListStep> NextAsync<T>(
        AsyncServerStreamingCall<T> call,
        Session session,
        bool hasTold,
        int losses,
        CancellationToken cancellationToken)
    {
        try
        {
            return await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false)
                ? ListStep.Slice
                : ListStep.End;
        }
        catch (Exception e) when (Failures.Known(e))
        {
            bool again = _keeper.AllowsAnotherTry(session, e, losses);
            if (again && hasTold)
            {
                throw Failures.ListLost(e);
            }

            return again ? ListStep.Again : throw Failures.FromCall(e, cancellationToken);
        }
    }

    private enum ListStep
    {
        Slice,
        End,
        Again,
    }
}
