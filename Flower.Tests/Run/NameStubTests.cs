// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol.Options;
using Flower.Run.Names;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>The name server of a box, asked by DnsClient, and over UDP by hand.</summary>
internal sealed class NameStubTests
{
    [Test]
    public async Task Ask_ByAClientOfOthers_AllKindsAreAnswered([Values] bool tcp, [Values(0, 1)] int which)
    {
        await using var stub = new NameStubFixture();
        LookupClient client = stub.Client(tcp, which);

        IDnsQueryResponse four = await client.QueryAsync("db.example", QueryType.A);
        IDnsQueryResponse six = await client.QueryAsync("db.example", QueryType.AAAA);
        IPAddress address = four.Answers.ARecords().Single().Address;

        Assert.That(stub.Names.Find(address)?.Name, Is.EqualTo("db.example"));
        Assert.That(
            six.Answers.AaaaRecords().Single().Address,
            Is.EqualTo(SyntheticAddresses.Of6(stub.Names.Find(address)!.Value.Number)));
        Assert.That(four.Answers.Single().InitialTimeToLive, Is.EqualTo(5));
        foreach (IPAddress asked in (IPAddress[])[address, six.Answers.AaaaRecords().Single().Address])
        {
            IDnsQueryResponse name = await client.QueryReverseAsync(asked);
            Assert.That(name.Answers.PtrRecords().Single().PtrDomainName.Value, Is.EqualTo("db.example."));
        }

        IDnsQueryResponse mail = await client.QueryAsync("db.example", QueryType.MX);
        Assert.That(mail.HasError, Is.False, mail.ErrorMessage);
        Assert.That(mail.Answers, Is.Empty);
        IDnsQueryResponse none = await client.QueryAsync("a.invalid", QueryType.A);
        Assert.That(none.Header.ResponseCode, Is.EqualTo(DnsHeaderResponseCode.NotExistentDomain));
        Assert.That(none.Header.RecursionAvailable, Is.True);
        Assert.That(none.Header.HasAuthorityAnswer, Is.False);
    }

    [Test]
    public async Task Ask_WithEdns_AnswersWithIt([Values] bool tcp)
    {
        await using var stub = new NameStubFixture();

        IDnsQueryResponse with = await stub.Client(tcp, ednsBytes: 4096).QueryAsync("db.example", QueryType.A);
        IDnsQueryResponse without = await stub.Client(tcp).QueryAsync("db.example", QueryType.A);

        Assert.That(with.Answers.ARecords().Count(), Is.EqualTo(1));
        OptRecord opt = with.Additionals.OfType<OptRecord>().Single();
        Assert.That($"{opt.UdpSize} {opt.Version} {opt.ResponseCodeEx}", Is.EqualTo("1232 0 NoError"));
        Assert.That(without.Additionals, Is.Empty);
    }

    [Test]
    public async Task Ask_ManyAtOnce_EachHasItsOwnAnswer([Values] bool tcp)
    {
        await using var stub = new NameStubFixture();
        LookupClient client = stub.Client(tcp);

        IDnsQueryResponse[] answers = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(i => client.QueryAsync($"n{i}.example", QueryType.A))).Within();

        Assert.That(
            answers.Select(a => stub.Names.Find(a.Answers.ARecords().Single().Address)?.Name),
            Is.EqualTo(Enumerable.Range(0, 40).Select(i => $"n{i}.example")));
    }

    [Test]
    public async Task Datagrams_OfBadPeers_OthersAreAnswered([Values(0, 1)] int which)
    {
        await using var stub = new NameStubFixture();
        AddressFamily family = stub.Udp[which].AddressFamily;
        for (int i = 0; i < 20; i++)
        {
            // Whoever asks has gone before there is an answer, or sends what is no question. All fit the kernel's queue.
            using var gone = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
            await gone.SendToAsync(DnsQuery.Ask("gone.example"), stub.Udp[which]);
            await gone.SendToAsync(Array.Empty<byte>(), stub.Udp[which]);
            await gone.SendToAsync(new byte[2000], stub.Udp[which]);
        }

        IDnsQueryResponse answer = await stub.Client(tcp: false, which).QueryAsync("db.example", QueryType.A);

        Assert.That(answer.Answers.ARecords().Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task Datagram_Malformed_IsToldSo()
    {
        await using var stub = new NameStubFixture();
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await peer.ConnectAsync(stub.Udp[0]);
        byte[] message = DnsQuery.AskWith("a.example", DnsQuery.A, DnsQuery.Opt(0, false, new byte[2000]));
        byte[] buffer = new byte[600];

        await peer.SendAsync(message);
        int length = await peer.ReceiveAsync(buffer).Within();

        Assert.That(DnsReply.Read(buffer.AsSpan(0, length), message).Code, Is.EqualTo(1), "it was cut off");
    }

    [Test]
    public async Task Run_Cancelled_ClosesAll()
    {
        await using var stub = new NameStubFixture();
        using Socket peer = await stub.ConnectAsync();
        await peer.SendAsync(NameStubTcpTests.Framed(DnsQuery.Ask("a.example")));
        await NameStubTcpTests.ReadAsync(peer);

        await stub.StopAsync();
        await stub.Ended.Within();

        Assert.That(await NameStubTcpTests.HasEndedAsync(peer), Is.True);
        Assert.That(stub.Sockets.Select(socket => socket.SafeHandle.IsClosed), Has.All.True);
    }

    [Test]
    public void Run_SocketThatSomebodyElseCloses_EndsAllAndIsThrown([Values(0, 2)] int which)
    {
        var stub = new NameStubFixture();
        stub.Sockets[which].Dispose();

        Assert.That(async () => await stub.Ended.Within(), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(stub.Sockets.Select(socket => socket.SafeHandle.IsClosed), Has.All.True);
    }
}
