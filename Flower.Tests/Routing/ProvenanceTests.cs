// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using NUnit.Framework;

namespace Flower.Tests.Routing;

/// <summary>Who stands behind a label, as its receiver sees it.</summary>
public sealed class ProvenanceTests
{
    private static readonly LabelSet None = LabelSet.Empty;
    private readonly Handle _root = Handle.CreateRoot(Rights.All, None, LabelSet.Create(("env", "prod")));

    [Test]
    public void ForReceiver_ConstrainOfAncestor_Pinned()
    {
        Handle shared = HandleTests.Narrow(_root, 1, Rights.All, None, LabelSet.Create(("team", "x")));
        Handle branch = HandleTests.Narrow(shared, 2, Rights.All, None, None);
        Handle client = HandleTests.Narrow(branch, 4, Rights.All, None, LabelSet.Create(("self", "me")));
        Handle server = HandleTests.Narrow(shared, 3, Rights.All, None, None);

        Assert.That(
            Show(server, None, client, LabelSet.Create(("given", "g"))),
            Is.EqualTo("env=prod:Pinned given=g:Claimed self=me:Claimed team=x:Pinned"));
    }

    [Test]
    public void ForReceiver_OtherBranch_Claimed()
    {
        Handle branch = HandleTests.Narrow(_root, 1, Rights.All, None, None);
        Handle client = HandleTests.Narrow(branch, 3, Rights.All, None, LabelSet.Create(("team", "x")));
        Handle server = HandleTests.Narrow(_root, 2, Rights.All, None, None);

        Assert.That(Show(server, None, client, None), Is.EqualTo("env=prod:Pinned team=x:Claimed"));
    }

    [Test]
    public void ForReceiver_BothState_PeersWordCounts()
    {
        Handle server = HandleTests.Narrow(_root, 1, Rights.All, LabelSet.Create(("a", "1"), ("b", "2")), None);

        Assert.That(
            Show(server, None, _root, LabelSet.Create(("a", "1"))),
            Is.EqualTo("a=1:Claimed b=2:Pinned env=prod:Pinned"));
    }

    [Test]
    public void ForReceiver_DemandsAndRequiredKeys_OnceOrNotAtAll()
    {
        LabelSet attested = LabelSet.Create((ReservedKeys.ClientUid, "5"), (ReservedKeys.ConnectionId, "9"));
        LabelSet given = LabelSet.ParseWords(["flower.client_uid=5", "flower.client_pid=1", "+any"]);

        Assert.That(
            Show(_root, given, _root, None, attested),
            Is.EqualTo("env=prod:Pinned flower.client_uid=5:Attested flower.connection_id=9:Attested"));
    }

    [FsCheck.NUnit.Property(MaxTest = 500, QuietOnSuccess = true)]
    public void ForReceiver_AnySets_AllLabelsOnceInOrder(int seed)
    {
        var random = new Random(seed);
        LabelSet attested = Some(random, "flower.", "a");
        LabelSet given = Some(random, "", "b");
        LabelSet asked = Some(random, "", "c");

        string shown = Show(_root, given, _root, asked, attested);

        IEnumerable<(string Key, string Text)> wanted = attested.Labels.Select(l => (l.Key, $"{l.Key}={l.Value}:Attested"))
            .Concat(Stated(_root.OutLabels.Merge(asked, out _), []))
            .Concat(Stated(given, [.. _root.OutLabels.Merge(asked, out _).Labels.Select(l => l.Key)]));
        Assert.That(
            shown,
            Is.EqualTo(string.Join(' ', wanted.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => l.Text))));
    }

    private static IEnumerable<(string Key, string Text)> Stated(LabelSet set, string[] besides) => set.Labels
        .Where(l => !ReservedKeys.IsReserved(l.Key) && !besides.Contains(l.Key))
        .Select(l => (l.Key, $"{l.Key}={l.Value}:{(l.Key == "env" ? Source.Pinned : Source.Claimed)}"));

    private static LabelSet Some(Random random, string prefix, string value) => LabelSet.Create(
        new[] { "a", "b", "flower.x", "g", "z" }.Where(_ => random.Next(2) == 0).Select(k => KeyValuePair.Create(prefix + k, value)));

    private static string Show(Handle server, LabelSet given, Handle client, LabelSet asked, LabelSet? attested = null)
    {
        var own = new Party(server, LabelSide.In, server.InLabels.Merge(given, out _));
        var peer = new Party(client, LabelSide.Out, client.OutLabels.Merge(asked, out _));
        IReadOnlyList<Label> labels = Provenance.ForReceiver(attested ?? None, own, peer);
        return string.Join(' ', labels.Select(l => $"{l.Key}={l.Value}:{l.Source}"));
    }
}
