// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>
/// A replacement whose conversation is cut after each of its messages, one after another. Each side sees what it would see if the
/// other one had been killed there: the new switchboard ends and says so, and the old one goes on as if nothing had been.
/// </summary>
[Category("EndToEnd")]
internal sealed class ReplaceDeathTests : EndToEndTest
{
    // TakeOver, Doors, Ready, Batch, Acknowledgement, State: then Committed, with which it is done.
    private const int Messages = 6;

    [Test]
    public async Task Replace_CutAfterEachMessage_OldOneGoesOnAndNewOneEnds()
    {
        Board.ExpectInLog("not replaced, and goes on");
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["program=x"])).Within();
        string place = Path.Combine(Board.Folder, "cut");
        using Descriptor cut = UnixSocket.ListenPackets(place, 0x180);
        int descriptors = Board.Daemon.OpenDescriptors.Count;
        for (int messages = 0; messages <= Messages; messages++)
        {
            using var waiting = new CancellationTokenSource();
            Task<Connection> late = handle.ConnectAsync(
                LabelSet.ParseWords(["program=late"]), new() { Wait = true }, waiting.Token);
            FlowerProcess successor = Board.Flower(
                "switchboard", "--replace", "--listen", Board.Handle, "--admin", Board.Admin, "--control", place);

            int passed = await Task.Run(() => Relay(cut, messages));

            Assert.That(passed, Is.EqualTo(messages), "the conversation has other messages");
            Assert.That(await successor.ExitAsync(), Is.Not.Zero, $"cut after {messages}: {successor.Error}");
            Assert.That(successor.Error.Lines, Is.Not.Empty);
            await AssertConnectsAsync(handle, listener);
            Assert.That(late.IsCompleted, Is.False, "a request that waited was lost");
            await waiting.CancelAsync();
            await ((Task)late).Within().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.That(
                await Patience.UntilAsync(() => Task.FromResult(Board.Daemon.OpenDescriptors.Count <= descriptors)), Is.True,
                string.Join('\n', Board.Daemon.OpenDescriptors));
        }

        File.Delete(place);
        File.Delete(place + ".lock");
    }

    private static async Task AssertConnectsAsync(Handle handle, Listener listener)
    {
        Task<Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(["program=x"]));
        await using IAsyncEnumerator<IncomingConnection> incoming = listener.GetAsyncEnumerator();
        Assert.That(await incoming.MoveNextAsync().Within(), Is.True);
        using Connection atServer = await incoming.Current.AcceptAsync().Within();
        using Connection atClient = await connecting.Within();
    }

    // Passes so many messages on, and closes both sides. The new one says two in a row only where it acknowledges.
    private int Relay(Descriptor listener, int messages)
    {
        Span<PollItem> items = [new PollItem(listener, Readiness.Read)];
        Assert.That(Polling.Wait(items, Patience.Limit), Is.True, "no successor came");
        using var successor = new PacketSocket(PacketSocket.TryAccept(listener)!, Patience.Limit);
        using var predecessor = PacketSocket.Connect(Path.Combine(Board.Folder, "control.sock"), Patience.Limit);
        bool[] isOfTheNew = [true, false, true, false, true, false];
        for (int i = 0; i < messages; i++)
        {
            (PacketSocket from, PacketSocket to) = isOfTheNew[i] ? (successor, predecessor) : (predecessor, successor);
            (ReadOnlyMemory<byte> packet, IReadOnlyList<Descriptor> held) = from.Receive();
            if (packet.IsEmpty)
            {
                return i;
            }

            to.Send(packet.Span, held);
            foreach (Descriptor descriptor in held)
            {
                descriptor.Dispose();
            }
        }

        return messages;
    }
}
