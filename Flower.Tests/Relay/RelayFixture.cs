// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Flower.Relay;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Relay;

/// <summary>
/// Relays between sockets of this test, on one loop, so that all share its turns. Checks at the end that nothing is
/// left open.
/// </summary>
internal abstract class RelayFixture
{
    private readonly List<Socket> _ends = [];
    private DescriptorLedger _ledger = null!;

    /// <summary>Kinds of the client's and the server's socket.</summary>
    public static readonly AddressFamily[][] Kinds =
    [
        [AddressFamily.Unix, AddressFamily.Unix],
        [AddressFamily.InterNetwork, AddressFamily.InterNetwork],
        [AddressFamily.InterNetwork, AddressFamily.Unix],
    ];

    protected Relays Relays { get; private set; } = null!;

    [OneTimeSetUp]
    public void WarmUp()
    {
        // What the runtime makes once and keeps.
        using Socket client = Ends(AddressFamily.InterNetwork, out Descriptor given);
        given.Dispose();
    }

    [SetUp]
    public void Start()
    {
        _ledger = new DescriptorLedger();
        Relays = NewRelays();
    }

    [TearDown]
    public void Stop()
    {
        _ends.ForEach(end => end.Dispose());
        _ends.Clear();
        Assert.That(
            SpinWait.SpinUntil(() => Relays.Count == 0, TimeSpan.FromSeconds(5)), Is.True, "a relay does not end");
        Relays.Dispose();
        _ledger.AssertBalanced();
    }

    protected virtual Relays NewRelays() => new(1);

    /// <summary>A relay, with the sockets that its users hold.</summary>
    protected (Socket Client, Socket Server, Task<RelayedBytes> Relay) Open(
        AddressFamily clients, AddressFamily servers, CancellationToken cancellationToken = default)
    {
        Socket client = Ends(clients, out Descriptor one);
        Socket server = Ends(servers, out Descriptor other);
        _ends.Add(client);
        _ends.Add(server);
        return (client, server, Relays.RunAsync(one, other, cancellationToken));
    }

    /// <summary>The two ends of a connection: one for the user, one for the relay.</summary>
    protected static Socket Ends(AddressFamily family, out Descriptor relays)
    {
        if (family == AddressFamily.Unix)
        {
            (Descriptor kept, relays) = UnixSocket.StreamPair();
            return Patient(new Socket(kept.ToSocketHandle()));
        }

        using var listener = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var user = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        user.Connect(listener.LocalEndPoint!);
        using Socket accepted = listener.Accept();
        relays = Descriptor.FromSocket(accepted);
        return Patient(user);
    }

    /// <summary>What comes until the end, as text.</summary>
    protected static string ReadToEnd(Socket socket)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (socket.Receive(buffer) is int count and > 0)
        {
            all.Write(buffer, 0, count);
        }

        return System.Text.Encoding.UTF8.GetString(all.ToArray());
    }

    protected static string Read(Socket socket, int count) =>
        System.Text.Encoding.UTF8.GetString(ReadBytes(socket, count));

    protected static byte[] ReadBytes(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int got = 0; got < count;)
        {
            int more = socket.Receive(bytes.AsSpan(got));
            Assert.That(more, Is.Positive, "an early end");
            got += more;
        }

        return bytes;
    }

    protected static void Write(Socket socket, string text) =>
        Assert.That(socket.Send(System.Text.Encoding.UTF8.GetBytes(text)), Is.EqualTo(text.Length));

    /// <summary>Sends random bytes on a thread of its own, then ends its direction.</summary>
    protected static Task<string> FillAsync(Socket socket, int count, int seed) => OnThread(() =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        byte[] buffer = new byte[256 * 1024];
        for (int left = count; left > 0; left -= buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, Math.Min(left, buffer.Length));
            random.NextBytes(part);
            hash.AppendData(part);
            for (Span<byte> rest = part; !rest.IsEmpty; rest = rest[socket.Send(rest)..])
            {
            }
        }

        socket.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(hash.GetHashAndReset());
    });

    /// <summary>The hash of all that comes, on a thread of its own.</summary>
    protected static Task<string> DrainAsync(Socket socket) => OnThread(() =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[256 * 1024];
        while (socket.Receive(buffer) is int count and > 0)
        {
            hash.AppendData(buffer, 0, count);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    });

    private static Task<string> OnThread(Func<string> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    // A failure is not a hang.
    private static Socket Patient(Socket socket)
    {
        socket.SendTimeout = 20_000;
        socket.ReceiveTimeout = 20_000;
        return socket;
    }
}
