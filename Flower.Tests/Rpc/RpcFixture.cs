// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using NUnit.Framework;
using Contract = Flower.Protocol.V1.Switchboard;

namespace Flower.Tests.Rpc;

/// <summary>A server of its own for each test, on a loop of its own; checks descriptors and the log afterwards.</summary>
internal abstract class RpcFixture
{
    protected const int MaxSessions = 8;

    private readonly OpenAuthority _authority = new();
    private DescriptorLedger _ledger = null!;
    private EventLoop _loop = null!;

    protected LogCollector Log { get; private set; } = null!;

    protected ScriptedService Service { get; private set; } = null!;

    protected SessionServer Server { get; private set; } = null!;

    protected EventLoop Loop => _loop;

    protected OpenAuthority Authority => _authority;

    [OneTimeSetUp]
    public static void WarmUp()
    {
        // What the process keeps from its first use: the shared loop, and the pipe on which the runtime hears of children.
        Assert.That(EventLoop.Shared.IsCurrent, Is.False);
        using var child = System.Diagnostics.Process.Start("true");
        child.WaitForExit();
    }

    [SetUp]
    public void Start()
    {
        _ledger = new DescriptorLedger();
        Log = new LogCollector();
        Service = new ScriptedService();
        _loop = new EventLoop("test-board", e => Log.Log(
            Microsoft.Extensions.Logging.LogLevel.Critical, default, e, e, (_, _) => "a handler failed"));
        Server = new SessionServer(_loop, Log, MaxSessions);
        ServedMethods.AddTo(Server.Methods, Service);
    }

    [TearDown]
    public async Task Stop()
    {
        await _loop.Invoke(Server.Dispose).Soon();
        // What the ended calls still had to do was posted before this.
        await _loop.Invoke(() => { }).Soon();
        _loop.Dispose();
        Server.Dispose();
        _ledger.AssertBalanced();
        Log.AssertNoErrors();
    }

    /// <summary>A socket behind which the server answers with the fixture's authority, as Constrain makes it.</summary>
    protected async Task<Descriptor> ShareAsync()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        await _loop.Invoke(() => Server.Serve(ours, _authority)).Soon();
        return theirs;
    }

    /// <summary>A session that belongs to whoever speaks on it first.</summary>
    protected async Task<RawSession> RawAsync()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        await _loop.Invoke(() => Server.ServeOne(ours, _authority)).Soon();
        return new RawSession(theirs);
    }

    protected async Task<SessionChannel> ChannelAsync() => SessionChannel.Adopt(await ShareAsync());

    protected static Contract.SwitchboardClient Stub(SessionChannel channel) => new(channel.CreateCallInvoker());

    /// <summary>A pipe-like pair: closing one end is seen at the other.</summary>
    protected static (Descriptor Given, Descriptor Kept) Pair() => UnixSocket.StreamPair();

    /// <summary>The other end of the pair was closed by everybody.</summary>
    protected static void AssertClosed(Descriptor kept) =>
        Waiting.Until(() => UnixSocket.IsHungUp(kept), "the descriptor is still open somewhere");
}
