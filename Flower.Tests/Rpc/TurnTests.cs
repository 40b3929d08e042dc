// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>What one session can have done before the others have their turn.</summary>
internal sealed class TurnTests : RpcFixture
{
    [Test]
    public async Task Packet_WithHundredsOfCalls_OthersHaveTheirTurnBetween()
    {
        const int Count = 300;
        int begun = 0;
        int before = -1;
        Service.OnConnect = (_, _) =>
        {
            begun++;
            return Task.FromResult(new ClientConnectResponse());
        };
        Service.OnIngress = (_, _) =>
        {
            before = begun;
            return Task.FromResult(new IngressConnectResponse());
        };
        using RawSession greedy = await RawAsync();
        using RawSession other = await RawAsync();

        await Loop.Invoke(() =>
        {
            greedy.Send([.. Enumerable.Range(1, Count).SelectMany(i => RawSession.Call((uint)i, "ClientConnect"))]);
            other.Send(
                RawSession.Start(1, "IngressConnect"), RawSession.Message(1, new IngressConnectRequest()), RawSession.HalfClose(1));
        }).Soon();

        Assert.That(other.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        Assert.That(before, Is.InRange(0, Count / 2), "the calls of one packet come first, all of them");
        for (int answers = 0; answers < Count;)
        {
            answers += greedy.Next()?.KindCase == Frame.KindOneofCase.Status ? 1 : 0;
        }

        Assert.That(begun, Is.EqualTo(Count));
    }
}
