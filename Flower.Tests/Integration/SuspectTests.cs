// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Servers that do not answer, among others that do.</summary>
internal sealed class SuspectTests : BalanceFixture
{
    private static readonly ConnectOptions InTurn = new() { Balance = Balance.RoundRobin };

    protected override TimeSpan AcceptDeadline => ShortDeadline;

    [Test]
    public async Task Connect_OneIsSilent_TheNextTakesItAndTheSilentOneIsLeftAlone()
    {
        await using Listener silent = await ListenAsync(1).Soon();
        await using Listener answering = await ListenAsync(2).Soon();
        Task<int> taking = TakeAllAsync(answering);

        await using (Connection first = await Root.ConnectAsync(Labels("service=x"), InTurn).Soon())
        {
            Assert.That(InstanceOf(first), Is.EqualTo(2));
        }

        // All at once: were it asked each time, most of them would be with it.
        Task<Connection>[] many =
            [.. Enumerable.Range(0, 50).Select(_ => Root.ConnectAsync(Labels("service=x"), InTurn))];
        foreach (Connection connection in await Task.WhenAll(many).Soon())
        {
            Assert.That(InstanceOf(connection), Is.EqualTo(2));
            connection.Dispose();
        }

        await answering.DisposeAsync();
        Assert.That(await taking.Soon(), Is.EqualTo(51));
    }

    [Test]
    public async Task Connect_OneThatWasSilentAnswersAgain_IsPickedAgain()
    {
        await using Listener silent = await ListenAsync(1).Soon();
        await using Listener answering = await ListenAsync(2).Soon();
        Task<int> taking = TakeAllAsync(answering);
        (await Root.ConnectAsync(Labels("service=x"), InTurn).Soon()).Dispose();
        Assert.That(silent, Is.Not.Null);

        Task<int> again = TakeAllButGoneAsync(silent);

        // It rests, is asked once, and is one of two again.
        int reached = 0;
        for (long end = Environment.TickCount64 + 20_000; reached < 3 && Environment.TickCount64 < end;)
        {
            await using Connection connection = await Root.ConnectAsync(Labels("service=x"), InTurn).Soon();
            reached += InstanceOf(connection) == 1 ? 1 : 0;
        }

        Assert.That(reached, Is.EqualTo(3));
        await silent.DisposeAsync();
        Assert.That(await again.Soon(), Is.GreaterThanOrEqualTo(3));
    }

    [Test]
    public async Task Connect_AllAreSilent_DeadlineExceededAndTheyAreTriedAllTheSame()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await using Listener two = await ListenAsync(2).Soon();

        FlowerException first = await Refused(Root.ConnectAsync(Labels("service=x"), InTurn));
        FlowerException second = await Refused(Root.ConnectAsync(Labels("service=x"), InTurn));

        Assert.That(first.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(first.Message, Does.Contain("2 targets were tried; the last one did not answer within 0.2 seconds"));
        Assert.That(second.Message, Is.EqualTo(first.Message));
    }

    [Test]
    public async Task Connect_TheCallersDeadlineComesFirst_NoOtherIsTried()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await using Listener two = await ListenAsync(2).Soon();

        FlowerException e = await Refused(
            Root.ConnectAsync(Labels("service=x"), InTurn with { Timeout = TimeSpan.FromMilliseconds(20) }));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        await two.DisposeAsync();
        Assert.That(await two.CountAsync().AsTask().Soon(), Is.Zero);
    }

    private static async Task<int> TakeAllButGoneAsync(Listener listener)
    {
        int taken = 0;
        await foreach (IncomingConnection incoming in listener)
        {
            try
            {
                await using Connection connection = await incoming.AcceptAsync();
                taken++;
            }
            catch (FlowerException e) when (e.StatusCode == StatusCode.Cancelled)
            {
                // From before.
            }
        }

        return taken;
    }
}
