// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Live;
using Flower.Switchboard.State;
using NUnit.Framework;

namespace Flower.Tests.Live;

/// <summary>Sides that are others but for the values of some labels, and what a record keeps of these.</summary>
internal sealed class ClientSideTests
{
    [Test]
    public void With_OtherKeysThanBefore_HasAllThatDiffer()
    {
        LabelSet labels = LabelSet.ParseWords(["a=1", "b=1", "c=1"]);
        var handle = Handle.CreateRoot(Rights.Every, LabelSet.Empty, LabelSet.Empty, 1);
        var side = new ClientSide(new LiveSide(handle, labels, LabelSet.Empty, 1, 2, 3), []);

        string[] seen =
        [
            Text(side), Text(side = side.With([new("b", "2")])), Text(side = side.With([new("c", "3")])),
            Text(side = side.With([new("b", "")])), Text(side.With([new("a", "4"), new("c", "5"), new("b", "6")])),
        ];

        Assert.That(seen, Is.EqualTo(new[] { "a=1 b=1 c=1", "a=1 b=2 c=1", "a=1 b=2 c=3", "a=1 b= c=3", "a=4 b=6 c=5" }));
    }

    [Test]
    public void Set_Again_HasNothingOfBefore()
    {
        var values = default(KeptValues);
        string large = new('x', 1000);
        foreach (string[] words in (string[][])[["a", "1", "b", "22"], ["c", large], [], ["a", "", "b", "ключ", "c", "3"], ["b", "1"]])
        {
            KeyValuePair<string, string>[] set = [.. words.Chunk(2).Select(pair => KeyValuePair.Create(pair[0], pair[1]))];

            values.Set(set);

            Assert.That(values.ToArray(), Is.EqualTo(set));
            Assert.That(values.Count, Is.EqualTo(set.Length));
            Assert.That(values.Characters, Is.EqualTo(set.Sum(label => label.Value.Length)));
            if (set.Length == 1)
            {
                values.Clear();
                Assert.That(values.ToArray(), Is.Empty);
            }
        }
    }

    [Test]
    public void Save_SidesWithEqualLabels_RefersToOneSet()
    {
        var handle = Handle.CreateRoot(Rights.Every, LabelSet.Empty, LabelSet.Empty, 1);
        var side = new LiveSide(handle, LabelSet.ParseWords(["a=1", "b=1"]), LabelSet.Empty, 1, 2, 3);
        var table = new LiveConnections(new NobodyAsks(), _ => false);
        for (ulong id = 1; id <= 4; id++)
        {
            LiveSide client = side.With([new("b", id == 4 ? "3" : "2")]);
            table.Restore(ConnectionRecord.Restore(new LiveConnectionState { Id = id, Sequence = id }, client, side));
        }

        var state = new BoardState();
        LiveConnectionStates.Save(table, state, new HandleNumbers(_ => { }, _ => { }));

        // Both of the clients, the server's, and what is attested of all.
        Assert.That(state.LiveLabels, Has.Count.EqualTo(4));
        Assert.That(state.Live.Select(live => live.Client.Labels).Distinct().Count(), Is.EqualTo(2));
    }

    private sealed class NobodyAsks : IOpenSockets
    {
        public OpenSockets? Read(bool unixOnly) => throw new NotSupportedException();
    }

    private static string Text(ClientSide side) =>
        string.Join(' ', side.Like.With(side.Values).Labels.Labels.Select(label => $"{label.Key}={label.Value}"));
}
