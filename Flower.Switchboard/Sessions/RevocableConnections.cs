// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The connections that can be shut down, those among them that are being made, and what is held of each: two descriptors,
/// so they are bounded: a user other than root and this process's own has at most a quarter of them. On the loop. Owns them; disposing it leaves the connections alone.
/// </summary>
/// <param name="loop">Watches them.</param>
/// <param name="most">How many at a time; default 4,096.</param>
internal sealed class RevocableConnections(EventLoop loop, int most = 4096) : IDisposable
{
    private readonly Shares<uint> _shares = new(most, Math.Max(1, most / 4));

    /// <summary>All, by their ids.</summary>
    public IdTable<RevocableConnection> All { get; } = new();

    internal EventLoop Loop => loop;

    /// <summary>Begins to hold a connection that is being made.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="client">Who requested it.</param>
    /// <param name="target">Who registered its target.</param>
    /// <param name="holder">Which of them has the end that is held.</param>
    /// <param name="socket">That end, which stays its owner's; null: it is not there yet.</param>
    /// <exception cref="Grpc.Core.RpcException">RESOURCE_EXHAUSTED.</exception>
    public RevocableConnection Begin(ulong id, Caller client, Caller target, Caller holder, SafeHandle? socket)
    {
        uint user = client.Credentials.Uid;
        if (_shares.Limit(user, !HandleScope.IsOverseer(client.Credentials)) is int limit)
        {
            throw Refusal.Exhausted(limit == most
                ? $"the switchboard holds {most} revocable connections, its limit"
                : $"the switchboard holds {limit} revocable connections of user {user}, the most that a user may have");
        }

        RevocableConnection? connection = null;
        try
        {
            Descriptor process = holder.OpenProcess();
            connection = Add(
                id, (client.Node, client.Credentials), (target.Node, target.Credentials), process,
                Environment.TickCount64);
            if (socket is not null)
            {
                connection.Hold(socket);
            }
        }
        catch (FlowerSocketException e)
        {
            connection?.LetGo();
            throw Refusal.CannotHold(e);
        }

        if (connection.IsNearLimit)
        {
            connection.LetGo();
            throw Refusal.Exhausted("too few descriptors are left to the switchboard to hold a revocable connection");
        }

        return connection;
    }

    /// <summary>Goes on with a connection that another process began to make.</summary>
    public RevocableConnection Resume(
        ulong id, Caller client, Caller target, HeldState held, DescriptorTable descriptors) =>
        Restore(
            id, (client.Node, client.Credentials), (target.Node, target.Credentials), held, descriptors,
            Environment.TickCount64);

    /// <summary>Takes over a connection that another process has made.</summary>
    /// <param name="state">What that process saved.</param>
    /// <param name="descriptors">The descriptors that came with it.</param>
    /// <param name="node">The handle with a number.</param>
    /// <exception cref="InvalidDataException">The state is not whole.</exception>
    public void Restore(RevocableState state, DescriptorTable descriptors, Func<ulong, HandleNode> node)
    {
        if (state.Held is null || state.ClientProcess is null || state.TargetProcess is null || state.Held.Socket == 0)
        {
            throw new InvalidDataException("a revocable connection that is not whole");
        }

        Restore(
            state.Id, (node(state.Client), Read(state.ClientProcess)), (node(state.Target), Read(state.TargetProcess)),
            state.Held, descriptors, state.Since).Complete();
    }

    /// <summary>Those that were made, for another process. Changes nothing.</summary>
    /// <param name="descriptors">Gets duplicates of all descriptors.</param>
    /// <param name="node">The number of a handle.</param>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    public IEnumerable<RevocableState> Save(DescriptorTable descriptors, Func<HandleNode, uint> node) =>
        All.Items.Where(connection => connection.IsMade).Select(connection => new RevocableState
        {
            Id = connection.Id,
            Client = node(connection.Client),
            Target = node(connection.Target),
            ClientProcess = Describe(connection.ClientProcess),
            TargetProcess = Describe(connection.TargetProcess),
            Since = connection.Since,
            Held = connection.Save(descriptors),
        });

    /// <summary>Lets go of all.</summary>
    public void Dispose()
    {
        foreach (RevocableConnection connection in All.Items.ToArray())
        {
            connection.LetGo();
        }
    }

    internal void Remove(RevocableConnection connection)
    {
        All.Remove(connection.Id);
        _shares.Return(connection.ClientProcess.Uid);
        connection.Client.Connections--;
    }

    private static ProcessCredentials Describe(Credentials process) => new() { Pid = process.Pid, Uid = process.Uid };

    private static Credentials Read(ProcessCredentials process) => new() { Pid = process.Pid, Uid = process.Uid };

    private RevocableConnection Restore(
        ulong id,
        (HandleNode, Credentials) client,
        (HandleNode, Credentials) target,
        HeldState held,
        DescriptorTable descriptors,
        long since)
    {
        Descriptor process = descriptors.Take(held.Process)
            ?? throw new InvalidDataException("a revocable connection of an unknown process");
        RevocableConnection connection = Add(id, client, target, process, since);
        connection.Restore(descriptors.Take(held.Socket));
        return connection;
    }

    private RevocableConnection Add(
        ulong id,
        (HandleNode Handle, Credentials) client,
        (HandleNode, Credentials) target,
        Descriptor process,
        long since)
    {
        var connection = new RevocableConnection(this, id, client, target, process, since);
        All.Add(id, connection);
        _shares.Take(connection.ClientProcess.Uid);
        client.Handle.Connections++;
        return connection;
    }
}
