// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting.CrashStore;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Tests.EndToEnd;
using Flower.Tests.Rpc;
using Google.Protobuf;
using NUnit.Framework;

namespace Flower.Tests.Hosting;

/// <summary>What the journal costs that a switchboard keeps for a crash.</summary>
internal sealed class DescriptorStoreTests
{
    private const uint CallId = 1;

    private readonly LogCollector _log = new();
    private Socket _manager = null!;
    private NotifySocket _notify = null!;
    private EventLoop _loop = null!;
    private DescriptorStore _store = null!;
    private Descriptor _session = null!;
    private Descriptor _other = null!;
    private ulong _number;

    [SetUp]
    public async Task Begin()
    {
        string name = $"flower-test-{Guid.NewGuid():N}";
        _manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _manager.Bind(new UnixDomainSocketEndPoint('\0' + name));
        _notify = NotifySocket.To('@' + name);
        _loop = new EventLoop("test-store", e => _log.Log(
            Microsoft.Extensions.Logging.LogLevel.Critical, default, e, e, (_, _) => "a handler failed"));
        _store = new DescriptorStore(_notify, _loop, _log);
        (_session, _other) = UnixSocket.PacketPair();
        await OnLoop(() =>
        {
            var tree = new HandleTree(new QuotaTable(0, _log));
            var node = new HandleNode(
                tree, Flower.Switchboard.Routing.Handle.CreateRoot(Rights.None, Flower.Protocol.LabelSet.Empty, Flower.Protocol.LabelSet.Empty),
                null, default, 0);
            _number = _store.Add(_session, node, isShared: false);
            _store.Begin(1, []);
        });
    }

    [TearDown]
    public async Task End()
    {
        await OnLoop(() => { });
        _loop.Dispose();

        // Nobody else uses it any more.
        _store.Dispose();
        _notify.Dispose();
        _manager.Dispose();
        _session.Dispose();
        _other.Dispose();
        _log.AssertNoErrors();
    }

    [Test]
    public async Task AddCall_AStreamOfUpdates_LeavesTheJournalSmall()
    {
        // 160 MB, if each were written.
        for (int turn = 0; turn < 100; turn++)
        {
            await OnLoop(() =>
            {
                for (int i = 0; i < 100; i++)
                {
                    _store.AddCall(_number, State((turn * 100) + i));
                }
            });
        }

        Assert.That(JournalBytes(), Is.LessThan(4 * 1024 * 1024));
    }

    [Test]
    public async Task AddCall_ManyCallsKeptOnceEach_IsWrittenAnewWhenMostOfItIsHistory()
    {
        for (int turn = 0; turn < 40; turn++)
        {
            await OnLoop(() =>
            {
                for (uint id = 1; id <= 100; id++)
                {
                    _store.AddCall(_number, State(turn, id));
                    _store.RemoveCall(_number, id);
                }
            });
        }

        // Fewer records than count as history by their number alone.
        Assert.That(JournalBytes(), Is.LessThan(4 * 1024 * 1024));
    }

    [Test]
    public async Task AddCall_TheLastOfManyUpdates_IsWritten()
    {
        await OnLoop(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                _store.AddCall(_number, State(i));
            }
        });

        Assert.That(await Patience.UntilAsync(() => Task.FromResult(LastWritten() == 999)), Is.True);
    }

    private static CallState State(int value, uint id = CallId) => new()
    {
        CallId = id,
        Start = new Start { Method = "/flower.v1.Switchboard/ServerStart" },
        Credit = (uint)value,
        Checkpoint = ByteString.CopyFrom(new byte[16 * 1024]),
    };

    private static string JournalFile() => Directory.GetFiles("/proc/self/fd").Last(
        fd => new FileInfo(fd).LinkTarget?.Contains("flower-journal", StringComparison.Ordinal) ?? false);

    private static long JournalBytes()
    {
        using FileStream file = File.OpenRead(JournalFile());
        return file.Length;
    }

    private static int LastWritten()
    {
        using Descriptor file = Descriptor.Borrow(int.Parse(
            Path.GetFileName(JournalFile()), System.Globalization.CultureInfo.InvariantCulture));
        return (int)Journal.Read(file).Last(record => record.Call is not null).Call.Call.Credit;
    }

    // The manager reads what it is told, and closes what it is given.
    private async Task OnLoop(Action action)
    {
        await _loop.Invoke(action).Soon();
        byte[] buffer = new byte[4096];
        while (_manager.Available > 0)
        {
            _manager.Receive(buffer);
        }
    }
}
