// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A switchboard that is replaced while a connect that is promised to a tap waits for its target.</summary>
public sealed class TapReplaceTests : TapTest
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Replaced_WhileATappedConnectWaits_TheTapHasItAndCanEnd(bool isClientFirst)
    {
        LabelSet labels = LabelSet.ParseWords(["service=www"]);
        await using Handle one = await Board.OpenAsync();
        await one.StatsAsync();
        await using Handle other = await Board.OpenAsync();
        await other.StatsAsync();
        (Handle client, Handle tapper) = isClientFirst ? (one, other) : (other, one);
        await using Handle serving = await Board.OpenAsync();
        await using Listener listener = await serving.ListenAsync(labels);
        await using Client.Tap tap = await tapper.TapAsync(labels);
        Task<Connection> connecting = client.ConnectAsync(labels);
        await using IAsyncEnumerator<IncomingConnection> incoming = listener.GetAsyncEnumerator();
        Assert.That(await incoming.MoveNextAsync().AsTask().Within(), Is.True);

        await Board.ReplaceAsync(Prepare());
        using Connection atServer = await incoming.Current.AcceptAsync().Within();
        using Connection atClient = await connecting.Within();
        await using IAsyncEnumerator<TappedConnection> tapped = tap.GetAsyncEnumerator();
        Assert.That(await tapped.MoveNextAsync().AsTask().Within(), Is.True);
        (Descriptor toClient, Descriptor toServer) = tapped.Current.TakeSockets();
        using var clientEnd = new Connection(toClient, atClient.Labels);
        using var serverEnd = new Connection(toServer, atClient.Labels);
        AssertTalk(clientEnd, atClient);
        AssertTalk(serverEnd, atServer);

        // It ends when it has all that it was promised.
        await tap.StopAsync();
        Assert.That(await tapped.MoveNextAsync().AsTask().Within(), Is.False);
    }
}
