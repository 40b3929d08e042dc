// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What a handle allows, through the client library and over a real socket.</summary>
internal sealed class HandleTests : BoardFixture
{
    [Test]
    public async Task Constrain_RightItLacks_NamedAndNeverRegained()
    {
        await using Handle narrow = await Root.ConstrainAsync([Right.List], LabelSet.Empty, LabelSet.Empty).Soon();

        FlowerException wider = await Refused(
            narrow.ConstrainAsync([Right.List, Right.ClientConnect], LabelSet.Empty, LabelSet.Empty));
        FlowerException connect = await Refused(narrow.ConnectAsync(LabelSet.Empty));
        FlowerException listen = await Refused(narrow.ListenAsync(LabelSet.Empty));
        FlowerException egress = await Refused(narrow.StartEgressAsync(LabelSet.Empty));

        Assert.That(wider.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(wider.Rights, Is.EqualTo(new[] { Right.ClientConnect }));
        Assert.That(connect.Rights, Is.EqualTo(new[] { Right.ClientConnect }));
        Assert.That(connect.Message, Does.Contain("CLIENT_CONNECT"));
        Assert.That(listen.Rights, Is.EqualTo(new[] { Right.ServerStart }));
        Assert.That(egress.Rights, Is.EqualTo(new[] { Right.EgressStart }));
    }

    [Test]
    public async Task Push_WithoutTheRight_RefusedAndTheSocketIsClosed()
    {
        await using Handle narrow = await Root.ConstrainAsync([Right.List], LabelSet.Empty, LabelSet.Empty).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        FlowerException e = await Refused(narrow.PushDescriptorAsync(given, LabelSet.Empty));

        Assert.That(e.Rights, Is.EqualTo(new[] { Right.IngressConnect }));
        AssertClosed(kept);
    }

    [Test]
    public async Task List_WithoutTheRight_Refused()
    {
        await using Handle narrow = await Root.ConstrainAsync([], LabelSet.Empty, LabelSet.Empty).Soon();

        FlowerException e = await Refused(ListAsync(narrow));

        Assert.That(e.Rights, Is.EqualTo(new[] { Right.List }));
    }

    [Test]
    public async Task Constrain_ContradictingLabels_RefusedWithTheKeysOfBothSides()
    {
        await using Handle narrow = await NarrowAsync(Root, ["a=1"], ["b=1"]);

        FlowerException e = await Refused(narrow.ConstrainAsync(AllRights, Labels("a=2", "c=1"), Labels("b=2")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(e.Keys, Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task Calls_ContradictTheHandle_RefusedWithTheKeys()
    {
        await using Handle narrow = await NarrowAsync(Root, ["in=1"], ["out=1"]);

        FlowerException connect = await Refused(narrow.ConnectAsync(Labels("out=2")));
        FlowerException listen = await Refused(narrow.ListenAsync(Labels("in=2")));
        FlowerException list = await Refused(ListAsync(narrow, "out=2"));

        Assert.That(connect.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(connect.Keys, Is.EqualTo(new[] { "out" }));
        Assert.That(listen.Keys, Is.EqualTo(new[] { "in" }));
        Assert.That(list.Keys, Is.EqualTo(new[] { "out" }));
    }

    [Test]
    public async Task Constrain_InLabels_ExcludeAndShow()
    {
        await using Handle narrow = await NarrowAsync(Root, ["tenant=blue"], []);
        await using Listener listener = await narrow.ListenAsync(Labels("program=www")).Soon();

        Assert.That(listener.Labels["tenant"], Is.EqualTo("blue"));
        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("program=www", "tenant=scarlet")))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "program=www");
        using (atClient)
        using (atServer)
        {
            Assert.That(atClient.Labels["tenant"], Is.EqualTo("blue"));
        }
    }

    [Test]
    public async Task Connect_NothingThere_NotFound()
    {
        FlowerException e = await Refused(Root.ConnectAsync(Labels("program=nobody")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(e.Message, Does.Contain("program=nobody"));
    }

    [Test]
    public async Task Connect_Matched_TalksAndBothSeeTheUnionOfLabels()
    {
        await using Listener listener = await Root.ListenAsync(Labels("program=www", "zone=a")).Soon();

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "program=www", "wish=1");

        using (atClient)
        using (atServer)
        {
            AssertTalk(atClient, atServer);
            foreach (Connection side in new[] { atClient, atServer })
            {
                Assert.That(side.Labels["program"], Is.EqualTo("www"));
                Assert.That(side.Labels["zone"], Is.EqualTo("a"));
                Assert.That(side.Labels["wish"], Is.EqualTo("1"));
            }

            Assert.That(atClient.Labels["flower.connection_id"], Is.EqualTo(atServer.Labels["flower.connection_id"]));
        }
    }

    [Test]
    public async Task Connect_Ambiguous_NamesTheKeysOnlyWithList()
    {
        await using Listener one = await Root.ListenAsync(Labels("program=www", "zone=a")).Soon();
        await using Listener two = await Root.ListenAsync(Labels("program=www", "zone=b")).Soon();
        await using Handle blind = await Root.ConstrainAsync([Right.ClientConnect], LabelSet.Empty, LabelSet.Empty).Soon();

        FlowerException named = await Refused(Root.ConnectAsync(Labels("program=www")));
        FlowerException unnamed = await Refused(blind.ConnectAsync(Labels("program=www")));

        Assert.That(named.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(named.Keys, Is.EqualTo(new[] { "zone" }));
        Assert.That(unnamed.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(unnamed.Keys, Is.Empty);
        Assert.That(unnamed.Message, Does.Not.Contain("zone"));
    }

    [Test]
    public async Task Listen_SideBySide_RefusedUnlessToldApart()
    {
        await using Listener first = await Root.ListenAsync(Labels("a=1")).Soon();
        await using Handle blind = await Root.ConstrainAsync([Right.ServerStart], LabelSet.Empty, LabelSet.Empty).Soon();

        FlowerException equal = await Refused(Root.ListenAsync(Labels("a=1")));
        FlowerException more = await Refused(Root.ListenAsync(Labels("a=1", "b=1")));
        FlowerException egress = await Refused(Root.StartEgressAsync(Labels("a=1"), new() { FixedDestination = true }));
        FlowerException unnamed = await Refused(blind.ListenAsync(Labels("a=1")));
        await using Listener other = await Root.ListenAsync(Labels("b=2")).Soon();
        await using Listener requires = await Root.ListenAsync(Labels("+a")).Soon();

        Assert.That(equal.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(equal.Keys, Is.EqualTo(new[] { "a" }));
        Assert.That(more.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(egress.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(unnamed.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(unnamed.Keys, Is.Empty);
    }

    [Test]
    public async Task Server_SessionCloses_IsPruned()
    {
        Handle server = await OpenAsync();
        Listener listener = await server.ListenAsync(Labels("a=1")).Soon();
        Assert.That(await ListAsync(Root), Has.Count.EqualTo(1));

        await server.DisposeAsync();

        Waiting.Until(() => ListAsync(Root).Result.Count == 0, "the server is still listed");
        Assert.That((await Refused(Root.ConnectAsync(Labels("a=1")))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        await using Listener again = await Root.ListenAsync(Labels("a=1")).Soon();
        await listener.DisposeAsync();
    }

    [Test]
    public async Task Server_ListenerDisposed_IsPrunedAndItsConnectionsLiveOn()
    {
        Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");

        await listener.DisposeAsync();

        using (atClient)
        using (atServer)
        {
            AssertTalk(atClient, atServer);
        }

        Assert.That(await ListAsync(Root), Is.Empty);
    }

    [Test]
    public async Task Handle_DescriptorShared_EachOpensASessionOfItsOwn()
    {
        using Descriptor descriptor =
            await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, Labels("tenant=blue")).Soon();
        string address = $"fd:{(int)descriptor.DangerousGetHandle()}";
        await using Handle one = await Handle.OpenAsync(address);
        await using Handle two = await Handle.OpenAsync(address);
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        foreach (Handle handle in new[] { one, two })
        {
            (Connection atClient, Connection atServer) = await ConnectAsync(handle, listener, "a=1");
            Assert.That(atServer.Labels["tenant"], Is.EqualTo("blue"));
            atClient.Dispose();
            atServer.Dispose();
        }
    }

    [Test]
    public async Task List_Filtered_ShowsKindsLabelsAndRequirements()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1", "+b")).Soon();
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("zone=x", "+address_family")).Soon();

        List<TargetInfo> all = await ListAsync(Root);
        TargetInfo server = all.Single(t => t.Kind == TargetKind.Server);

        Assert.That(all.Single(t => t.Kind == TargetKind.Egress).Labels["zone"], Is.EqualTo("x"));
        Assert.That(server.Labels["a"], Is.EqualTo("1"));
        Assert.That(server.RequiredKeys, Is.EqualTo(new[] { "b" }));
        Assert.That((await ListAsync(Root, "a=2")).Select(t => t.Kind), Is.EqualTo(new[] { TargetKind.Egress }));
    }

    [Test]
    public async Task Listen_TakenByWhatListHides_TellsNoLabelsOfIt()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["tenant=blue"]);
        await using Listener forOthers = await Root.ListenAsync(Labels("a=1", "code=7", "flower.client_uid=12345")).Soon();
        await using Listener ofOthers = await Root.ListenAsync(Labels("b=1", "tenant=scarlet")).Soon();
        await using Listener shown = await Root.ListenAsync(Labels("c=1", "code=8")).Soon();

        FlowerException one = await Refused(Root.ListenAsync(Labels("a=1", "flower.client_uid=12345")));
        FlowerException two = await Refused(narrow.ListenAsync(Labels("b=1")));
        FlowerException three = await Refused(narrow.ListenAsync(Labels("c=1")));

        Assert.That(one.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(one.Message, Does.StartWith("a target with labels that are equal").And.Not.Contain("code"));
        Assert.That(two.Message, Does.StartWith("a target with labels that are equal").And.Not.Contain("scarlet"));
        Assert.That(three.Message, Does.Contain("code=8"));
    }

    [Test]
    public async Task List_1000Targets_EachOnce()
    {
        const int Targets = 1000;
        var listeners = new List<Listener>();
        for (int i = 0; i < Targets; i++)
        {
            listeners.Add(await Root.ListenAsync(Labels($"n={i}")).Soon());
        }

        List<TargetInfo> listed = await ListAsync(Root);

        Assert.That(listed.Select(t => t.Labels["n"]).Distinct().Count(), Is.EqualTo(Targets));
        Assert.That(listed, Has.Count.EqualTo(Targets));
        await Root.DisposeAsync();
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    private static Task<List<TargetInfo>> ListAsync(Handle handle, params string[] words) =>
        handle.ListAsync(Labels(words)).ToListAsync().AsTask();
}
