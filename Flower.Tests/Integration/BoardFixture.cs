// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting;
using Flower.Switchboard.Hosting.Configuration;
using Flower.Tests.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>A switchboard in this process for each test, on sockets of its own; checks descriptors and the log.</summary>
internal abstract class BoardFixture
{
    protected static readonly Right[] AllRights =
        [Right.ClientConnect, Right.EgressStart, Right.IngressConnect, Right.ResolverStart, Right.ServerStart, Right.List];

    private DescriptorLedger _ledger = null!;
    private string _directory = null!;
    private SwitchboardDaemon _daemon = null!;

    protected static TimeSpan ShortDeadline { get; } = TimeSpan.FromMilliseconds(200);

    protected LogCollector Log { get; private set; } = null!;

    /// <summary>A session by the public path.</summary>
    protected Handle Root { get; private set; } = null!;

    /// <summary>How long targets have to answer.</summary>
    protected virtual TimeSpan AcceptDeadline => TimeSpan.FromSeconds(15);

    /// <summary>How long resolvers have to answer.</summary>
    protected virtual TimeSpan QuestionDeadline => TimeSpan.FromSeconds(15);

    /// <summary>What its configuration file says; null: there is none.</summary>
    protected virtual string? Configuration => null;

    protected string SocketPath => Path.Combine(_directory, "board.sock");

    [OneTimeSetUp]
    public async Task WarmUp()
    {
        Assert.That(EventLoop.Shared.IsCurrent, Is.False);
        // The runtime's own epoll for sockets, and what Kestrel keeps, are made once.
        await Start();
        await Root.DisposeAsync();
        await _daemon.DisposeAsync();
        Directory.Delete(_directory, true);
    }

    [SetUp]
    public async Task Start()
    {
        _ledger = new DescriptorLedger();
        Log = new LogCollector();
        _directory = Directory.CreateTempSubdirectory("flower-").FullName;
        _daemon = await SwitchboardDaemon.StartAsync(
            new SwitchboardOptions
            {
                Listen = SocketPath,
                Admin = Path.Combine(_directory, "admin.sock"),
                Control = Path.Combine(_directory, "control.sock"),
                AcceptDeadline = AcceptDeadline,
                QuestionDeadline = QuestionDeadline,
                Configuration = Configuration is null ? SwitchboardConfiguration.OwnerOnly() : Parse(Configuration),
            },
            new LoggerFactory([Log.CreateProvider()], LogFilter.From(LogLevel.Information))).Soon();
        Root = await OpenAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        await Root.DisposeAsync();
        await _daemon.DisposeAsync().AsTask().Soon();
        Directory.Delete(_directory, true);
        _ledger.AssertBalanced();
        Log.AssertNoErrors();
    }

    /// <summary>Stops the switchboard before the test's end.</summary>
    protected Task StopDaemonAsync() => _daemon.DisposeAsync().AsTask().Soon();

    private static SwitchboardConfiguration Parse(string json)
    {
        ConfigurationResult read = ConfigurationSource.None().Parse(System.Text.Encoding.UTF8.GetBytes(json));
        Assert.That(read.Errors, Is.Empty);
        return read.Configuration!;
    }

    protected Task<Handle> OpenAsync() => Handle.OpenAsync("unix:" + SocketPath);

    protected static LabelSet Labels(params string[] words) => LabelSet.ParseWords(words);

    protected static Task<Handle> NarrowAsync(Handle from, string[] inWords, string[] outWords) =>
        from.ConstrainAsync(AllRights, Labels(inWords), Labels(outWords)).Soon();

    /// <summary>The next connection of a server.</summary>
    protected static async Task<IncomingConnection> NextAsync(Listener listener)
    {
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().AsTask().Soon(), Is.True);
        return connections.Current;
    }

    /// <summary>The next wish of an egress's clients.</summary>
    protected static async Task<EgressRequest> NextAsync(Client.Egress egress)
    {
        await using IAsyncEnumerator<EgressRequest> requests = egress.GetAsyncEnumerator();
        Assert.That(await requests.MoveNextAsync().AsTask().Soon(), Is.True);
        return requests.Current;
    }

    /// <summary>Both ends of one connection.</summary>
    protected static async Task<(Connection AtClient, Connection AtServer)> ConnectAsync(
        Handle client, Listener server, params string[] words)
    {
        Task<Connection> connecting = client.ConnectAsync(Labels(words));
        Connection atServer = await (await NextAsync(server)).AcceptAsync().Soon();
        return (await connecting.Soon(), atServer);
    }

    /// <summary>How a call to the board failed.</summary>
    protected static async Task<FlowerException> Refused(Task call)
    {
        try
        {
            await call.Soon();
        }
        catch (FlowerException e)
        {
            return e;
        }

        throw new AssertionException("the call succeeded");
    }

    /// <summary>How connects of a handle are refused, once they are with this code: the board counts later what it has sent.</summary>
    protected static async Task<FlowerException> RefusedWithAsync(Handle handle, StatusCode code)
    {
        FlowerException? last = null;
        Assert.That(
            await EndToEnd.Patience.UntilAsync(async () =>
            {
                last = await Refused(handle.ConnectAsync(Labels("none=1"), new() { RelatedOnly = true }));
                return last.StatusCode == code;
            }),
            Is.True,
            last?.Message);
        return last!;
    }

    /// <summary>The two sockets are each other's peers.</summary>
    protected static void AssertTalk(Connection one, Connection other)
    {
        AssertHears(one.Socket, other.Socket, "there");
        AssertHears(other.Socket, one.Socket, "and back");
    }

    protected static void AssertHears(Socket from, Socket to, string text)
    {
        from.Send(System.Text.Encoding.UTF8.GetBytes(text));
        byte[] buffer = new byte[100];
        to.ReceiveTimeout = 10_000;
        Assert.That(System.Text.Encoding.UTF8.GetString(buffer, 0, to.Receive(buffer)), Is.EqualTo(text));
    }

    protected static (Descriptor Given, Descriptor Kept) Pair() => UnixSocket.StreamPair();

    protected static void AssertClosed(Descriptor kept) =>
        Waiting.Until(() => UnixSocket.IsHungUp(kept), "the socket is still open somewhere");
}
