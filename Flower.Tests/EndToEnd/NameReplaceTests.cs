// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A daemon takes the place of another one while names are being resolved, and while addresses are raced.</summary>
internal sealed class NameReplaceTests : EndToEndTest
{
    [Test]
    public async Task Replace_QuestionIsOpen_IsAskedAgainAndAnswered()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Client.Resolver resolver = await handle.StartResolverAsync(Words("+service"));
        await using Listener listener = await handle.ListenAsync(Words("app=db"));
        Task<Connection> connecting = handle.ConnectAsync(Words("service=db"));
        ResolverQuestion before = await NextAsync(resolver);

        await Board.ReplaceAsync();

        ResolverQuestion after = await NextAsync(resolver);
        Assert.That(after.Labels, Is.EqualTo(before.Labels));
        // What the other process had asked, nobody waits for; it must not be taken for an answer to something else.
        await before.AnswerAsync([new(Words("app=wrong"))], TimeSpan.FromHours(1)).Within();
        await after.AnswerAsync([new(Words("app=db"))], TimeSpan.FromHours(1)).Within();
        await using IAsyncEnumerator<IncomingConnection> incoming = listener.GetAsyncEnumerator();
        Assert.That(await incoming.MoveNextAsync().Within(), Is.True);
        using Connection atServer = await incoming.Current.AcceptAsync().Within();
        using Connection atClient = await connecting.Within();
        Assert.That(atClient.Labels["app"], Is.EqualTo("db"));
    }

    [TestCase(0)]
    [TestCase(1)]
    public async Task Replace_AddressesAreRaced_EitherMayStillWin(int winner)
    {
        await using Handle handle = await Board.OpenAsync();
        await using Client.Resolver resolver = await handle.StartResolverAsync(Words("+server_hostname"));
        await using Client.Egress egress = await handle.StartEgressAsync(Words("+address_family"));
        Task<Connection> connecting = handle.ConnectAsync(Words("server_hostname=db"));
        await (await NextAsync(resolver)).AnswerAsync(
            [new(Words("address_family=inet server_address=192.0.2.1")), new(Words("address_family=inet server_address=192.0.2.2"))],
            TimeSpan.FromHours(1));
        EgressRequest[] requests = [await NextAsync(egress), await NextAsync(egress)];

        await Board.ReplaceAsync();

        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using Descriptor held = kept;
        await requests[winner].ConnectedDescriptorAsync(given).Within();
        using Connection connection = await connecting.Within();
        Assert.That(connection.Labels["server_address"], Is.EqualTo(requests[winner].Labels["server_address"]));
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(requests[1 - winner].Cancelled.IsCancellationRequested)), Is.True);
    }

    [Test]
    public async Task Replace_AllThatWasRacedFails_BeginsAgain()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Client.Resolver resolver = await handle.StartResolverAsync(Words("+server_hostname"));
        await using Client.Egress egress = await handle.StartEgressAsync(Words("+address_family"));
        Task<Connection> connecting = handle.ConnectAsync(Words("server_hostname=db"));
        await (await NextAsync(resolver)).AnswerAsync(
            [new(Words("address_family=inet server_address=192.0.2.1")), new(Words("address_family=inet server_address=192.0.2.2"))],
            TimeSpan.FromHours(1));
        EgressRequest[] requests = [await NextAsync(egress), await NextAsync(egress)];

        await Board.ReplaceAsync();
        await requests[0].FailAsync("no route").Within();
        await requests[1].FailAsync("no route").Within();

        // The other process keeps the answers that it heard.
        await (await NextAsync(resolver)).AnswerAsync([new(Words("address_family=inet server_address=192.0.2.3"))], TimeSpan.Zero);
        EgressRequest again = await NextAsync(egress);
        Assert.That(again.Labels["server_address"], Is.EqualTo("192.0.2.3"));
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using Descriptor held = kept;
        await again.ConnectedDescriptorAsync(given).Within();
        (await connecting.Within()).Dispose();
    }

    private static LabelSet Words(string words) => LabelSet.ParseWords(words.Split(' '));

    private static async Task<ResolverQuestion> NextAsync(Client.Resolver resolver)
    {
        await using IAsyncEnumerator<ResolverQuestion> questions = resolver.GetAsyncEnumerator();
        Assert.That(await questions.MoveNextAsync().Within(), Is.True);
        return questions.Current;
    }

    private static async Task<EgressRequest> NextAsync(Client.Egress egress)
    {
        await using IAsyncEnumerator<EgressRequest> requests = egress.GetAsyncEnumerator();
        Assert.That(await requests.MoveNextAsync().Within(), Is.True);
        return requests.Current;
    }
}
