// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>How names become connections: docs/design.md §6.</summary>
internal sealed class ResolverTests : ResolverFixture
{
    [Test]
    public async Task Connect_NameOfAServer_IsAskedAndConnected()
    {
        await using Listener listener = await Root.ListenAsync(Labels("app=db", "zone=b")).Soon();
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service"), ["port"]).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db", "zone=b", "port=1"));

        ResolverQuestion question = await NextAsync(resolver);
        Assert.That(question.Labels, Is.EqualTo(Labels("service=db", "port=1")));
        await question.AnswerAsync([new(Labels("app=db"))], TimeSpan.Zero).Soon();

        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();
        AssertTalk(atClient, atServer);
        Assert.That(atServer.Labels["service"], Is.EqualTo("db"));
        Assert.That(atClient.Labels["app"], Is.EqualTo("db"));
    }

    [Test]
    public async Task Connect_TargetStatesTheKey_ResolverIsNotAsked()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=db")).Soon();
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "service=db");

        using (atClient)
        using (atServer)
        {
            AssertTalk(atClient, atServer);
        }
    }

    [Test]
    public async Task Connect_SeveralTargets_AreTriedInTheirOrder()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Listener third = await Root.ListenAsync(Labels("app=third")).Soon();
        await using Listener second = await Root.ListenAsync(Labels("app=second")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));

        await (await NextAsync(resolver)).AnswerAsync(
            [
                new(Labels("app=third")) { Priority = 3 },
                new(Labels("service=other")) { Priority = 0 },
                new(Labels("app=first")) { Priority = 1 },
                new(Labels("app=second")) { Priority = 2 },
            ],
            TimeSpan.Zero).Soon();
        await (await NextAsync(second)).RejectAsync("not today").Soon();
        using Connection atServer = await (await NextAsync(third)).AcceptAsync().Soon();

        using Connection atClient = await connecting.Soon();
        AssertTalk(atClient, atServer);
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Push_FirstTargetRejects_TheSecondGetsTheSocket(int credit)
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Listener first = await Root.ListenAsync(Labels("app=first"), new() { Credit = credit }).Soon();
        await using Listener second = await Root.ListenAsync(Labels("app=second"), new() { Credit = credit }).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(given, Labels("service=db"));

        await AnswerAsync(resolver, "app=first", "app=second");
        await (await NextAsync(first)).RejectAsync("not today").Soon();
        using Connection atServer = await (await NextAsync(second)).AcceptAsync().Soon();

        Assert.That((await pushing.Soon())["app"], Is.EqualTo("second"));
    }

    [Test]
    public async Task Connect_NoSuchName_NotFoundWithTheNameAndTheResolver()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));

        await (await NextAsync(resolver)).NoSuchNameAsync(TimeSpan.Zero).Soon();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(e.Message, Is.EqualTo("no such name: service=db (resolver +service)"));
        Assert.That(e.Keys, Is.EqualTo(new[] { "service" }));
    }

    [Test]
    public async Task Connect_ResolverFails_UnavailableWithItsReason()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));

        await (await NextAsync(resolver)).FailAsync("out to lunch").Soon();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("out to lunch"));
    }

    [Test]
    public async Task Connect_OneOfTwoResolversGoes_TheOtherIsAsked()
    {
        Client.Resolver first = await Root.StartResolverAsync(Labels("zone=a", "+service")).Soon();
        await using Client.Resolver second = await Root.StartResolverAsync(Labels("zone=b", "+service")).Soon();
        await using Listener listener = await Root.ListenAsync(Labels("app=db")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));
        _ = await NextAsync(first);

        // Disposed, it says that it is ending.
        await first.DisposeAsync();
        await AnswerAsync(second, "app=db");

        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();
        AssertTalk(atClient, atServer);
    }

    [Test]
    public async Task Answer_ContradictsTheResolversHandle_IsLeftOutAndLogged()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["zone=a"]);
        await using Client.Resolver resolver = await narrow.StartResolverAsync(Labels("+service")).Soon();
        await using Listener wrong = await Root.ListenAsync(Labels("app=db", "zone=b")).Soon();
        await using Listener right = await Root.ListenAsync(Labels("app=db", "zone=a")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));

        await AnswerAsync(resolver, "app=db zone=b", "app=db");

        using Connection atServer = await (await NextAsync(right)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();
        Assert.That(atClient.Labels["zone"], Is.EqualTo("a"));
        Assert.That(
            Log.Lines.Where(line => line.Contains("contradicts its own handle at zone", StringComparison.Ordinal)),
            Has.Exactly(1).Items);
    }

    [Test]
    public async Task Answer_AllContradictsTheResolversHandle_Unavailable()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["zone=a"]);
        await using Client.Resolver resolver = await narrow.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));

        await AnswerAsync(resolver, "app=db zone=b");

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("contradicts the labels of its own handle"));
    }

    [Test]
    public async Task Answer_ContradictsTheClientsHandle_IsLeftOut()
    {
        await using Handle client = await NarrowAsync(Root, [], ["zone=a"]);
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Listener wrong = await Root.ListenAsync(Labels("app=db", "zone=b")).Soon();
        Task<Connection> connecting = client.ConnectAsync(Labels("service=db"));

        await AnswerAsync(resolver, "app=db zone=b");

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(e.Message, Does.Contain("contradicts the request at 'zone'"));
    }

    [Test]
    public async Task Answer_Chain_IsFollowed()
    {
        await using Client.Resolver services = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Client.Resolver hosts = await Root.StartResolverAsync(Labels("+server_hostname"), ["server_service"]).Soon();
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("+address_family")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));

        await AnswerAsync(services, "server_hostname=db.example server_service=postgresql");
        await AnswerAsync(hosts, "address_family=inet server_address=192.0.2.1 server_port=5432");
        EgressRequest request = await NextAsync(egress);

        Assert.That(request.Labels["server_address"], Is.EqualTo("192.0.2.1"));
        await request.FailAsync("no route").Soon();
        Assert.That((await Refused(connecting)).Message, Does.Contain("no route"));
    }

    [Test]
    public async Task Answer_AtAKeyOfItsOwn_IsNotAskedFor()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+server_hostname"), ["server_port"]).Soon();
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("+address_family")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("server_hostname=db"));

        await AnswerAsync(resolver, "address_family=inet server_address=192.0.2.1 server_port=5432");

        await (await NextAsync(egress)).FailAsync("no route").Soon();
        Assert.That((await Refused(connecting)).Message, Does.Contain("no route"));
    }

    [Test]
    public async Task Answer_Circle_IsRefusedByItsName()
    {
        await using Client.Resolver one = await Root.StartResolverAsync(Labels("+a")).Soon();
        await using Client.Resolver two = await Root.StartResolverAsync(Labels("+b")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));

        await AnswerAsync(one, "b=1");
        await AnswerAsync(two, "a=1");

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(
            e.Message,
            Is.EqualTo("names stand for one another: asked a=1 of resolver +a, then b=1 of resolver +b"));
    }

    [Test]
    public async Task Answer_TooDeep_IsRefused()
    {
        var resolvers = new List<Client.Resolver>();
        foreach (string key in new[] { "a", "b", "c", "d", "e" })
        {
            resolvers.Add(await Root.StartResolverAsync(Labels("+" + key)).Soon());
        }

        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        foreach ((Client.Resolver resolver, string answer) in resolvers.Zip(["b=1", "c=1", "d=1", "e=1"]))
        {
            await AnswerAsync(resolver, answer);
        }

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(e.Message, Does.Contain("more than 4 times over"));
        foreach (Client.Resolver resolver in resolvers)
        {
            await resolver.DisposeAsync();
        }
    }

    [Test]
    public async Task Connect_WaitsForAResolver_ThenForItsTarget()
    {
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"), new() { Wait = true });
        await SettleAsync();
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await AnswerAsync(resolver, "app=one", "app=two");
        await SettleAsync();

        await using Listener listener = await Root.ListenAsync(Labels("app=two")).Soon();

        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();
        AssertTalk(atClient, atServer);
    }

    [Test]
    public async Task Start_WithoutRightOrKeys_IsRefused()
    {
        await using Handle client = await Root.ConstrainAsync([Right.ClientConnect], LabelSet.Empty, LabelSet.Empty).Soon();

        Assert.That((await Refused(client.StartResolverAsync(Labels("+a")))).StatusCode,
            Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That((await Refused(Root.StartResolverAsync(Labels("a=1")))).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That((await Refused(Root.StartResolverAsync(Labels(), ["flower.client_uid"]))).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
    }

    [Test]
    public async Task List_Resolver_IsShownWithItsKind()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("zone=a", "+service")).Soon();

        await foreach (TargetInfo target in Root.ListAsync(LabelSet.Empty))
        {
            Assert.That(target.Kind, Is.EqualTo(TargetKind.Resolver));
            Assert.That(target.RequiredKeys, Is.EqualTo(new[] { "service" }));
            Assert.That(target.Labels["zone"], Is.EqualTo("a"));
            return;
        }

        Assert.Fail("it is not listed");
    }
}
