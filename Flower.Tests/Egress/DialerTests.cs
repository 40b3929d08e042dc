// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Egress.Dialing;
using Flower.Egress.Policy;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Egress;

/// <summary>Connecting, on a loop, to sockets of this machine that behave badly.</summary>
internal sealed class DialerTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(15);

    private DescriptorLedger _ledger = null!;
    private EventLoop _loop = null!;
    private string _folder = null!;

    [SetUp]
    public void Start()
    {
        _ledger = new();
        _loop = new("dialer-test", null);
        _folder = Directory.CreateTempSubdirectory("flower-").FullName;
    }

    [TearDown]
    public void Stop()
    {
        _loop.Dispose();
        Directory.Delete(_folder, true);
        _ledger.AssertBalanced();
    }

    [Test]
    public async Task Connect_Tcp_BlockingAndCloseOnExec()
    {
        using Socket listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using Descriptor socket = await ConnectAsync(new(listener.LocalEndPoint!), Long).Soon();
        using Socket accepted = listener.Accept();

        Assert.That(socket.IsNonBlocking, Is.False);
        Assert.That(socket.IsCloseOnExec, Is.True);
        using var mine = new Socket(socket.ToSocketHandle());
        Assert.That(mine.LocalEndPoint, Is.EqualTo(accepted.RemoteEndPoint));
    }

    [Test]
    public async Task Connect_Refused_SaysSo()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        Assert.That(
            await FailureAsync(ConnectAsync(new(closed.LocalEndPoint!), Long)),
            Is.EqualTo($"connection refused by {closed.LocalEndPoint}"));
    }

    [Test]
    public async Task Connect_BlackHole_EndsInTimeAndCostsNobodyElse()
    {
        using Socket hole = FullListener(out Socket[] filling);
        using Socket listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Task<Descriptor>[] lost =
            [.. Enumerable.Range(0, 200).Select(_ => ConnectAsync(new(hole.LocalEndPoint!), TimeSpan.FromSeconds(3)))];

        for (int i = 0; i < 50; i++)
        {
            using Descriptor socket = await ConnectAsync(new(listener.LocalEndPoint!), Long).Soon();
            listener.Accept().Dispose();
        }

        Assert.That(lost.Count(task => task.IsCompleted), Is.Zero, "others do not wait for a black hole");
        foreach (Task<Descriptor> task in lost)
        {
            Assert.That(await FailureAsync(task), Is.EqualTo($"{hole.LocalEndPoint} did not answer within 3 s"));
        }

        Array.ForEach(filling, socket => socket.Dispose());
    }

    [Test]
    public async Task Connect_GivenUp_SocketIsClosed()
    {
        using Socket hole = FullListener(out Socket[] filling);
        using var give = new CancellationTokenSource();
        Task<Descriptor> connecting = ConnectAsync(new(hole.LocalEndPoint!), Long, null, give.Token);

        await give.CancelAsync();

        Assert.That(async () => await connecting.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Array.ForEach(filling, socket => socket.Dispose());
    }

    [Test]
    public async Task Connect_UnixBacklogFull_WaitsForRoom()
    {
        using Socket listener = Listen(new UnixDomainSocketEndPoint(Path.Combine(_folder, "full")), backlog: 0);
        using Descriptor first = await ConnectAsync(new(listener.LocalEndPoint!), Long).Soon();
        Task<Descriptor> second = ConnectAsync(new(listener.LocalEndPoint!), Long);
        Assert.That(
            await FailureAsync(ConnectAsync(new(listener.LocalEndPoint!), TimeSpan.FromMilliseconds(50))),
            Does.EndWith("did not answer within 50 ms"));
        Assert.That(second.IsCompleted, Is.False);

        listener.Accept().Dispose();

        (await second.Soon()).Dispose();
    }

    [Test]
    public async Task Connect_LargePreface_ArrivesWhole()
    {
        // More than the socket has room for, so that it is sent in pieces.
        byte[] preface = new byte[8 * 1024 * 1024];
        Random.Shared.NextBytes(preface);
        using Socket listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Task<Descriptor> connecting = ConnectAsync(new(listener.LocalEndPoint!), Long, preface);
        using Socket accepted = listener.Accept();
        byte[] received = new byte[preface.Length];
        for (int count = 0; count < received.Length;)
        {
            count += accepted.Receive(received.AsSpan(count));
        }

        using Descriptor socket = await connecting.Soon();
        Assert.That(received.AsSpan().SequenceEqual(preface), Is.True);
        Assert.That(socket.IsNonBlocking, Is.False);
    }

    [Test]
    public void Open_LinkOutOfTheAllowedFolder_RefusedWithWhereItLeads()
    {
        using Socket outside = Listen(Named("outside", "secret"));
        Directory.CreateDirectory(Path.Combine(_folder, "allowed"));
        File.CreateSymbolicLink(Path.Combine(_folder, "allowed", "link"), Path.Combine(_folder, "outside", "secret"));

        Assert.That(
            () => Open("allowed/link"),
            Throws.InstanceOf<DialException>().With.Message.EqualTo(
                $"permission denied: unix:{_folder}/outside/secret is not within --allow unix:{_folder}/allowed/*"));
        Assert.That(
            () => Open("allowed/../outside/secret"),
            Throws.InstanceOf<DialException>().With.Message.StartsWith("permission denied: "));
        Assert.That(
            () => Open("outside/nothing"),
            Throws.InstanceOf<DialException>().With.Message.StartsWith("permission denied: "),
            "not whether it is there");
    }

    [Test]
    public void Open_LinkOfProc_NotFollowed()
    {
        using Socket inside = Listen(Named("allowed", "socket"));
        File.CreateSymbolicLink(
            Path.Combine(_folder, "allowed", "root"), "/proc/self/root" + _folder + "/allowed/socket");

        Assert.That(
            () => Open("allowed/root"), Throws.InstanceOf<DialException>().With.Message.Contains("a link in /proc"));
    }

    [Test]
    public async Task Open_LinkThatChanges_NeverReachesWhatIsNotAllowed()
    {
        using Socket inside = Listen(Named("allowed", "socket"), backlog: 4096);
        using Socket outside = Listen(Named("outside", "socket"), backlog: 4096);
        string link = Path.Combine(_folder, "allowed", "link");
        File.CreateSymbolicLink(link, "socket");
        using var stop = new CancellationTokenSource();
        Task flipping = Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                File.CreateSymbolicLink(link + "2", i % 2 == 0 ? "../outside/socket" : "socket");
                File.Move(link + "2", link, overwrite: true);
            }
        });
        int connected = 0;
        int refused = 0;
        for (int i = 0; i < 2000 || (i < 20_000 && (connected == 0 || refused == 0)); i++)
        {
            try
            {
                using DialTarget target = Open("allowed/link");
                (await ConnectAsync(target, Long).Soon()).Dispose();
                inside.Accept().Dispose();
                connected++;
            }
            catch (DialException)
            {
                refused++;
            }
        }

        await stop.CancelAsync();
        await flipping.Soon();
        Assert.That(connected, Is.Positive);
        Assert.That(refused, Is.Positive);
        Assert.That(outside.Poll(0, SelectMode.SelectRead), Is.False, "nobody came to the socket outside");
    }

    private Task<Descriptor> ConnectAsync(
        DialTarget target, TimeSpan limit, byte[]? preface = null, CancellationToken cancellationToken = default)
    {
        var outcome = new TaskCompletionSource<Task<Descriptor>>();
        _loop.Post(
            _ => outcome.SetResult(new Dialer(_loop, limit).ConnectAsync(target, preface ?? [], cancellationToken)),
            null);
        return outcome.Task.Unwrap();
    }

    private static async Task<string> FailureAsync(Task<Descriptor> connecting)
    {
        try
        {
            (await connecting.Soon()).Dispose();
        }
        catch (DialException e)
        {
            return e.Message;
        }

        throw new AssertionException("it connected");
    }

    private DialTarget Open(string path) =>
        new StatedDestinations(new([AllowRule.Parse($"unix:{_folder}/allowed/*", out _)!])).Open(new ConnectionLabels(
        [
            new Label { Key = "address_family", Value = "unix" },
            new Label { Key = "server_path", Value = Path.Combine(_folder, path) },
        ]));

    private UnixDomainSocketEndPoint Named(string folder, string name) =>
        new(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, folder)).FullName, name));

    private static Socket Listen(EndPoint endPoint, int backlog = 512)
    {
        var listener = new Socket(
            endPoint.AddressFamily, SocketType.Stream,
            endPoint is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        listener.Bind(endPoint);
        listener.Listen(backlog);
        return listener;
    }

    // A listener with room for one connection, which is taken: the kernel drops whoever else knocks.
    private static Socket FullListener(out Socket[] filling)
    {
        Socket listener = Listen(new IPEndPoint(IPAddress.Loopback, 0), backlog: 0);
        var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        first.Connect(listener.LocalEndPoint!);
        filling = [first];
        return listener;
    }
}
