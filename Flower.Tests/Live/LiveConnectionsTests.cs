// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Live;
using Flower.Switchboard.State;
using Flower.Tests.Rpc;
using NUnit.Framework;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Tests.Live;

/// <summary>What the board remembers of connections, with a kernel that says what the test wants, and with the real one.</summary>
internal sealed class LiveConnectionsTests
{
    private const ulong Here = 7;
    private const ulong Elsewhere = 8;

    private static readonly Handle All = Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty);

    private EventLoop _loop = null!;

    [SetUp]
    public void Start() => _loop = new EventLoop("live", null);

    [TearDown]
    public void Stop() => _loop.Dispose();

    [Test]
    public async Task Add_100000ThatEnd_LeaveTheTableSmall()
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        int most = 0;
        kernel.Open(Here, [1, 2, 3]);
        for (ulong i = 1; i <= 100_000; i += 1000)
        {
            await _loop.Invoke(() => AddEach(table, i, 1000)).Soon();
            // What is swept now and then is so on the loop, where nothing waits for it.
            await IdleAsync(table);
            most = Math.Max(most, table.Count);
        }

        Assert.That(most, Is.LessThan(10_000));
        Assert.That(kernel.Readings, Is.InRange(5, 150), "asked for as often as the table doubles");
        await _loop.Invoke(table.RefreshAsync).Soon();
        Assert.That(Ids(table), Is.EqualTo(new ulong[] { 1, 2, 3 }));
    }

    [Test]
    public async Task Sweep_WhatIsMadeMeanwhile_Stays()
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        // Fewer than what makes it ask by itself.
        kernel.Open(Here, [2]);
        await _loop.Invoke(() => AddEach(table, 1, 900)).Soon();
        kernel.Hold();
        Task sweep = _loop.Invoke(table.RefreshAsync);
        await kernel.Asked.Soon();
        await _loop.Invoke(() => AddEach(table, 5001, 2)).Soon();

        kernel.Release();
        await sweep.Soon();

        Assert.That(Ids(table), Is.EqualTo(new ulong[] { 2, 5001, 5002 }));
    }

    [Test]
    public async Task Sweep_KernelCannotBeAsked_TheNewestStayAndTheRevocable()
    {
        var table = new LiveConnections(new ScriptedKernel(), id => id == 5) { FreshMs = 0, FreshForEach = 0 };
        for (int i = 0; i < 20; i++)
        {
            ulong first = ((ulong)i * 1000) + 1;
            await _loop.Invoke(() => AddEach(table, first, 1000)).Soon();
            await IdleAsync(table);
        }

        await _loop.Invoke(table.RefreshAsync).Soon();

        Assert.That(table.Count, Is.InRange(4097, 8193));
        Assert.That(Ids(table)[0], Is.EqualTo(5));
        Assert.That(Ids(table).Skip(1), Is.EqualTo(Enumerable.Range(20_002 - table.Count, table.Count - 1)));
    }

    [Test]
    public async Task Sweep_KernelCannotBeAskedAtTheMoment_NothingIsForgotten()
    {
        var kernel = new ScriptedKernel { Failure = new FlowerSocketException("ask", Errno.MFile) };
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        await _loop.Invoke(() => AddEach(table, 1, 10_000)).Soon();
        await IdleAsync(table);
        Assert.That(table.Count, Is.EqualTo(10_000));
        kernel.Failure = null;
        kernel.Open(Here, [10_000]);

        await _loop.Invoke(table.RefreshAsync).Soon();

        Assert.That(Ids(table), Is.EqualTo(new ulong[] { 10_000 }));
    }

    [Test]
    public async Task Sweep_SocketOfAnotherNetwork_IsNotTakenForEnded()
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        kernel.Open(Here, [1]);
        await _loop.Invoke(() =>
        {
            AddEach(table, 1, 2);
            table.Add(Record(3, new(3, Elsewhere)), null);
            table.Add(Record(4, default), null);
            table.Add(Record(1000, new(1, 0)), null);
        }).Soon();

        await _loop.Invoke(table.RefreshAsync).Soon();

        Assert.That(Ids(table), Is.EqualTo(new ulong[] { 1, 3, 4, 1000 }));
    }

    [Test]
    public async Task After_WhileItIsSwept_GoesOnWhereItWas()
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        // Fewer than what makes it ask by itself.
        kernel.Open(Here, [.. Enumerable.Range(1, 900).Where(id => id % 3 == 0).Select(id => (ulong)id)]);
        await _loop.Invoke(() => AddEach(table, 1, 900)).Soon();
        ulong last = table.After(0, 100)[^1].Key;

        await _loop.Invoke(table.RefreshAsync).Soon();

        IReadOnlyList<KeyValuePair<ulong, ConnectionRecord>> next = table.After(last, 2);
        Assert.That(next.Select(pair => pair.Value.Id), Is.EqualTo(new ulong[] { 102, 105 }));
        Assert.That(table.After(ulong.MaxValue, 10), Is.Empty);
        Assert.That(table.After(0, 10_000), Has.Count.EqualTo(300));
    }

    [Test]
    public async Task KernelSockets_10000PairsMadeAndClosed_AreForgotten()
    {
        var table = new LiveConnections(new KernelSockets(), _ => false) { FreshMs = 0, FreshForEach = 0 };
        (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
        (Descriptor left, Descriptor gone) = UnixSocket.StreamPair();
        using (one)
        using (other)
        using (left)
        {
            await _loop.Invoke(() =>
            {
                table.Add(Record(1, default), one);
                table.Add(Record(2, default), left);
                for (ulong i = 3; i < 10_003; i++)
                {
                    (Descriptor client, Descriptor server) = UnixSocket.StreamPair();
                    table.Add(Record(i, default), client);
                    client.Dispose();
                    server.Dispose();
                }
            }).Soon();
            await IdleAsync(table);
            Assert.That(table.Count, Is.LessThan(10_002));
            gone.Dispose();

            Waiting.Until(
                () =>
                {
                    _loop.Invoke(table.RefreshAsync).Soon().GetAwaiter().GetResult();
                    return table.Count == 1;
                },
                "what has ended is remembered, on one side or on both");

            Assert.That(Ids(table), Is.EqualTo(new ulong[] { 1 }));
            Assert.That(table.All[0].Socket, Is.EqualTo(SocketIdentity.Of(one)));
        }
    }

    [Test]
    public async Task Refresh_AskingTookLong_KernelIsLeftAloneForLonger()
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 1_000_000 };
        kernel.Open(Here, [1]);
        await _loop.Invoke(() => AddEach(table, 1, 2)).Soon();
        kernel.Hold();
        Task sweep = _loop.Invoke(table.RefreshAsync);
        await kernel.Asked.Soon();
        long began = Environment.TickCount64;
        Waiting.Until(() => Environment.TickCount64 > began + 1, "the clock stands still");
        kernel.Release();
        await sweep.Soon();

        for (int i = 0; i < 10; i++)
        {
            await _loop.Invoke(table.RefreshAsync).Soon();
        }

        Assert.That(kernel.Readings, Is.EqualTo(1));
        Assert.That(Ids(table), Is.EqualTo(new ulong[] { 1 }));
    }

    [Test]
    public async Task Add_FewWithLargeLabelsThatEnd_LeaveTheTableSmall()
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        kernel.Open(Here, []);
        int most = 0;
        for (ulong i = 1; i <= 4000; i++)
        {
            LabelSet large = LabelSet.Create(("a", new string('x', 4000)), ("b", $"{i}"));
            await _loop.Invoke(() => table.Add(Record(i, new(i, Here), labels: large), null)).Soon();
            await IdleAsync(table);
            most = Math.Max(most, table.Count);
        }

        Assert.That(most, Is.InRange(1000, 3000));
    }

    [TestCase(ConnectionKind.Pair, true)]
    [TestCase(ConnectionKind.Pushed, false)]
    [TestCase(ConnectionKind.EgressSocket, false)]
    public async Task Sweep_AsksAboutTcp_OnlyWhereThereMayBeSome(ConnectionKind kind, bool unixOnly)
    {
        var kernel = new ScriptedKernel();
        var table = new LiveConnections(kernel, _ => false) { FreshMs = 0, FreshForEach = 0 };
        await _loop.Invoke(() =>
        {
            AddEach(table, 1, 2);
            table.Add(Record(3, new(3, Here), kind: kind), null);
        }).Soon();

        await _loop.Invoke(table.RefreshAsync).Soon();

        Assert.That(kernel.UnixOnly, Is.EqualTo(unixOnly));
    }

    [Test]
    public void Restore_NotInOrder_Fails()
    {
        var table = new LiveConnections(new ScriptedKernel(), _ => false) { FreshMs = 0, FreshForEach = 0 };
        table.Restore(Record(1, default, 5));
        Assert.That(() => table.Restore(Record(2, default, 5)), Throws.TypeOf<InvalidDataException>());
        table.Restore(Record(2, default, 6));
        Assert.That(Ids(table), Is.EqualTo(new ulong[] { 1, 2 }));
    }

    private static void AddEach(LiveConnections table, ulong first, int count)
    {
        for (ulong id = first; id < first + (ulong)count; id++)
        {
            table.Add(Record(id, new(id, Here)), null);
        }
    }

    private static ConnectionRecord Record(
        ulong id, SocketIdentity socket, ulong sequence = 0, ConnectionKind kind = ConnectionKind.Pair, LabelSet? labels = null)
    {
        var side = new LiveSide(All, labels ?? LabelSet.Empty, LabelSet.Empty, 1, 1000, 1000);
        return ConnectionRecord.Restore(
            new LiveConnectionState
            {
                Id = id,
                Sequence = sequence,
                Kind = kind,
                SocketCookie = socket.Cookie,
                NetworkCookie = socket.Network,
            },
            side,
            side);
    }

    private static ulong[] Ids(LiveConnections table) => [.. table.All.Select(connection => connection.Id)];

    private async Task IdleAsync(LiveConnections table) => await _loop.Invoke(() => table.Sweeping).Soon();

    /// <summary>Says what it was told to, when it may.</summary>
    private sealed class ScriptedKernel : IOpenSockets
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _mayAnswer = new(true);
        private OpenSockets? _open;

        public int Readings { get; private set; }

        public bool? UnixOnly { get; private set; }

        public FlowerSocketException? Failure { get; set; }

        public Task Asked => _asked.Task;

        public void Open(ulong network, IEnumerable<ulong> cookies) => _open = new(network, cookies.ToHashSet());

        public void Hold() => _mayAnswer.Reset();

        public void Release() => _mayAnswer.Set();

        public OpenSockets? Read(bool unixOnly)
        {
            Readings++;
            UnixOnly = unixOnly;
            _asked.TrySetResult();
            _mayAnswer.Wait();
            return Failure is null ? _open : throw Failure;
        }
    }
}
