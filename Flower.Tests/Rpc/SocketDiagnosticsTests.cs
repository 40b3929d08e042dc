// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>What the kernel tells of sockets, and what is made of answers that are not whole.</summary>
internal sealed class SocketDiagnosticsTests
{
    private DescriptorLedger _ledger = null!;

    [SetUp]
    public void Count() => _ledger = new DescriptorLedger();

    [TearDown]
    public void AssertBalanced() => _ledger.AssertBalanced();

    [Test]
    public void ReadUnix_Pair_EachIsTheOthersPeerAndSaysWhatWaits()
    {
        (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
        using (one)
        using (other)
        {
            ConnectedSocket.Send(one, new byte[77]);

            DiagnosedSocket first = Find(one)!.Value;
            DiagnosedSocket second = Find(other)!.Value;

            Assert.That(first.PeerInode, Is.EqualTo(second.Inode));
            Assert.That(second.PeerInode, Is.EqualTo(first.Inode));
            Assert.That($"socket:[{first.Inode}]", Is.EqualTo(DescriptorLedger.FileOf(one.DangerousGetHandle())));
            Assert.That((first.ReceiveQueue, second.ReceiveQueue), Is.EqualTo((0u, 77u)));
            Assert.That(first.SendQueue, Is.Positive);
            Assert.That(first, Has.Property("HasEndedSending").EqualTo(false).And.Property("IsTcp").EqualTo(false));
        }
    }

    [Test]
    public void ReadUnix_HalfClosedThenClosed_IsSaid()
    {
        (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
        using (one)
        {
            using (other)
            {
                ConnectedSocket.EndSending(one);
                Assert.That(Find(one)!.Value, Has.Property("HasEndedSending").EqualTo(true)
                    .And.Property("HasEndedReceiving").EqualTo(false));
                Assert.That(Find(other)!.Value, Has.Property("HasEndedSending").EqualTo(false)
                    .And.Property("HasEndedReceiving").EqualTo(true));
            }

            Assert.That(Find(one)!.Value.PeerInode, Is.Zero, "it has no peer any more");
        }
    }

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public void ReadTcp_Loopback_SaysWhatWaitsAndWhatWasSent(string address)
    {
        using Socket listener = new(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        }
        catch (SocketException) when (address == "::1")
        {
            Assert.Ignore("there is no IPv6 here");
        }

        listener.Listen();
        using Socket one = new(listener.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        one.Connect(listener.LocalEndPoint!);
        using Socket other = listener.Accept();
        one.Send(new byte[1234]);
        other.Receive(new byte[234]);

        // The SYN counts as one.
        Waiting.Until(() => Find(one.SafeHandle)?.Tcp?.SentBytes == 1235, "what was sent is not acknowledged");
        DiagnosedSocket there = Find(other.SafeHandle)!.Value;

        Assert.That(there.ReceiveQueue, Is.EqualTo(1000));
        Assert.That(there.Tcp!.Value.ReceivedBytes, Is.EqualTo(1234));
        Assert.That(there.State, Is.EqualTo(SocketState.Established));
        Assert.That($"socket:[{there.Inode}]", Is.EqualTo(DescriptorLedger.FileOf(other.Handle)));
        Assert.That(Find(one.SafeHandle)!.Value.Tcp!.Value.RoundTripMicroseconds, Is.Positive);
        other.Shutdown(SocketShutdown.Send);
        Waiting.Until(() => Find(one.SafeHandle)?.State == SocketState.CloseWait, "the end is not told");
    }

    [Test]
    public void ReadUnix_3000Pairs_NoneIsLeftOut()
    {
        var held = new List<Descriptor>();
        try
        {
            for (int i = 0; i < 3000; i++)
            {
                (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
                held.Add(one);
                held.Add(other);
            }

            var cookies = new HashSet<ulong>();
            using SocketDiagnostics diagnostics = SocketDiagnostics.Open();
            diagnostics.ReadUnix(socket => cookies.Add(socket.Cookie));
            diagnostics.ReadUnix(socket => cookies.Add(socket.Cookie));

            Assert.That(held.Select(SocketIdentity.CookieOf), Is.Unique.And.SubsetOf(cookies));
        }
        finally
        {
            held.ForEach(socket => socket.Dispose());
        }
    }

    [Test]
    public void Network_OfEverySocketHere_IsTheSame()
    {
        (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
        using (one)
        using (other)
        using (SocketDiagnostics diagnostics = SocketDiagnostics.Open())
        {
            Assert.That(SocketIdentity.Of(one).Network, Is.EqualTo(diagnostics.Network));
            Assert.That(SocketIdentity.CookieOf(one), Is.Not.Zero.And.Not.EqualTo(SocketIdentity.CookieOf(other)));
        }
    }

    [Test]
    public void IdentityOf_NoSocket_IsNotKnown()
    {
        using Descriptor memory = Descriptor.Duplicate(File.OpenHandle("/dev/null"));
        Assert.That(SocketIdentity.Of(memory), Is.EqualTo(default(SocketIdentity)));
    }

    [Test]
    public void TcpMeasures_OlderKernels_HaveLess()
    {
        byte[] info = new byte[144];
        MemoryMarshal.Write(info.AsSpan(68), 5u);
        MemoryMarshal.Write(info.AsSpan(100), 6u);
        MemoryMarshal.Write(info.AsSpan(120), 7ul);
        MemoryMarshal.Write(info.AsSpan(128), 8ul);
        Assert.That(TcpMeasures.Read(info), Is.EqualTo(new TcpMeasures(5, 6, 7, 8)));
        Assert.That(TcpMeasures.Read(info.AsSpan(0, 135)), Is.EqualTo(new TcpMeasures(5, 6, 7, null)));
        Assert.That(TcpMeasures.Read(info.AsSpan(0, 104)), Is.EqualTo(new TcpMeasures(5, 6, null, null)));
        Assert.That(TcpMeasures.Read(info.AsSpan(0, 103)), Is.Null);
    }

    [Test]
    public void Readers_EveryPrefixOfAMessage_AreNotMisled()
    {
        // A Unix socket, with its peer and its queues; cut anywhere, and with lengths that are not possible.
        byte[] message = new byte[16 + 8 + 12];
        message[2] = 1;
        MemoryMarshal.Write(message.AsSpan(8), 42ul);
        WriteAttribute(message.AsSpan(16), 2, 99u);
        MemoryMarshal.Write(message.AsSpan(24), (ushort)12);
        MemoryMarshal.Write(message.AsSpan(26), (ushort)4);
        MemoryMarshal.Write(message.AsSpan(28), 7u);
        for (int length = 0; length < message.Length; length++)
        {
            DiagnosedSocket? read = DiagnosedSocketReader.ReadUnix(message.AsSpan(0, length));
            Assert.That(read?.Cookie, length < 16 ? Is.Null : Is.EqualTo(42));
            Assert.That(read?.PeerInode ?? 0, Is.EqualTo(length < 24 ? 0 : 99));
            Assert.That(read?.ReceiveQueue ?? 0, Is.Zero);
            Assert.That(DiagnosedSocketReader.ReadTcp(message.AsSpan(0, length)), Is.Null);
        }

        Assert.That(DiagnosedSocketReader.ReadUnix(message)!.Value.ReceiveQueue, Is.EqualTo(7));
        MemoryMarshal.Write(message.AsSpan(16), (ushort)3);
        Assert.That(DiagnosedSocketReader.ReadUnix(message)!.Value.PeerInode, Is.Zero);
        MemoryMarshal.Write(message.AsSpan(16), ushort.MaxValue);
        Assert.That(DiagnosedSocketReader.ReadUnix(message)!.Value.PeerInode, Is.Zero);
    }

    [TestCase(15)]
    [TestCase(int.MaxValue)]
    [TestCase(-1)]
    [TestCase(0)]
    public void Messages_ImpossibleLength_IsSaid(int length)
    {
        byte[] datagram = new byte[40];
        NetlinkMessages.WriteHeader(datagram.AsSpan(0, 20), 20, NetlinkMessages.Interrupted, 3);
        MemoryMarshal.Write(datagram.AsSpan(20), length);
        var messages = new NetlinkMessages(datagram);
        Assert.That(messages.MoveNext(), Is.True);
        Assert.That((messages.Type, messages.Flags, messages.Sequence), Is.EqualTo(((ushort)20, (ushort)0x10, 3u)));
        Assert.That(messages.MoveNext(), Is.False);
        Assert.That(messages.IsMalformed, Is.True);
    }

    private static void WriteAttribute(Span<byte> at, ushort type, uint value)
    {
        MemoryMarshal.Write(at, (ushort)8);
        MemoryMarshal.Write(at[2..], type);
        MemoryMarshal.Write(at[4..], value);
    }

    private static DiagnosedSocket? Find(SafeHandle socket)
    {
        ulong cookie = SocketIdentity.CookieOf(socket);
        DiagnosedSocket? found = null;
        using SocketDiagnostics diagnostics = SocketDiagnostics.Open();
        for (int i = 0; i < 2; i++)
        {
            diagnostics.ReadUnix(Take);
            diagnostics.ReadTcp(measured: true, Take);
        }

        return found;

        void Take(DiagnosedSocket told) => found = told.Cookie == cookie ? told : found;
    }
}
