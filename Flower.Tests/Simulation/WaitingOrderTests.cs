// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Simulation;

/// <summary>Who waited first is served first, whatever happens at the same moment.</summary>
internal sealed class WaitingOrderTests : TurnedBoardFixture
{
    // Seed 104482: the first one was woken, found nobody any more, and waited again, behind the second.
    [Test]
    public void ClientConnect_ServerGoneBeforeItIsReached_KeepsItsPlace()
    {
        using RawSession gone = Accept();
        using RawSession second = Accept();
        Connect(Peer, "first");
        Run();
        gone.Send([.. Registration(credit: 0), RawSession.HalfClose(1)]);
        Connect(second, "second");
        Run();

        using RawSession server = Accept();
        server.Send(Registration(credit: 0));
        Run();

        Assert.That(Offered(server), Is.EqualTo((string[])["first", "second"]));
    }

    [Test]
    public void ClientConnect_ComesTogetherWithTheServer_GoesBehindWhoWaited()
    {
        using RawSession server = Accept();
        using RawSession late = Accept();
        Connect(Peer, "first");
        Run();

        server.Send(Registration(credit: 0));
        Connect(late, "late");
        Run();

        Assert.That(Offered(server), Is.EqualTo((string[])["first", "late"]));
    }

    // The messages of a stream, too, wait: for the server's credit.
    [Test]
    public void ClientConnect_ComesTogetherWithTheServersCredit_GoesBehindWhoWaited()
    {
        using RawSession server = Accept();
        using RawSession late = Accept();
        server.Send(Registration(credit: 3));
        Run();
        string[] early = [.. Enumerable.Range(1, 40).Select(n => n.ToString(CultureInfo.InvariantCulture))];
        RawSession[] waiting = [.. early.Select(_ => Accept())];
        for (int i = 0; i < early.Length; i++)
        {
            Connect(waiting[i], early[i]);
        }

        Run();
        Assert.That(Offered(server), Has.Length.EqualTo(2), "started, and two offers");

        server.Send(new Frame { CallId = 1, Credit = new Credit { Messages = 1 } });
        Connect(late, "late");
        Run();
        server.Send(new Frame { CallId = 1, Credit = new Credit { Messages = 100 } });
        Run();

        Assert.That(Offered(server), Is.EqualTo((string[])[.. early.Skip(2), "late"]));
        Array.ForEach(waiting, session => session.Dispose());
    }

    private static Frame[] Registration(uint credit) =>
    [
        RawSession.Start(1, "ServerStart", credit: credit),
        RawSession.Message(1, new ServerStartRequest { Start = new TargetStart { Labels = Stated("a", "1") } }),
    ];

    private static void Connect(RawSession peer, string who)
    {
        Labels labels = Stated("a", "1");
        labels.Labels_.Add(Stated("who", who).Labels_);
        peer.Send(
            RawSession.Start(1, "ClientConnect"),
            RawSession.Message(1, new ClientConnectRequest { Labels = labels, Wait = true }),
            RawSession.HalfClose(1));
    }

    // Who was offered to it, in order.
    private static string[] Offered(RawSession server)
    {
        var offered = new List<string>();
        while (!server.IsQuiet && server.Next() is Frame told)
        {
            if (ServerStartResponse.Parser.ParseFrom(told.Message).Offer is Offer offer)
            {
                offered.Add(offer.Labels.Single(label => label.Key == "who").Value);
            }
        }

        return [.. offered];
    }
}
