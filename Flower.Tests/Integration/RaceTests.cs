// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>The addresses of a name, of which an egress is asked for several at once: RFC 8305.</summary>
internal sealed class RaceTests : ResolverFixture
{
    private Client.Resolver _resolver = null!;
    private Client.Egress _egress = null!;

    [SetUp]
    public async Task Register()
    {
        _resolver = await Root.StartResolverAsync(Labels("+server_hostname")).Soon();
        _egress = await Root.StartEgressAsync(Labels("+address_family")).Soon();
    }

    [TearDown]
    public async Task Unregister()
    {
        await _resolver.DisposeAsync();
        await _egress.DisposeAsync();
    }

    [Test]
    public async Task Address_IsNotAnswered_TheNextIsTriedBesideIt()
    {
        Task<Connection> connecting = ConnectAsync("192.0.2.1", "192.0.2.2");
        EgressRequest first = await NextAsync("192.0.2.1");
        EgressRequest second = await NextAsync("192.0.2.2");
        Assert.That(first.Cancelled.IsCancellationRequested, Is.False);
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        await second.ConnectedDescriptorAsync(given).Soon();

        using Connection connection = await connecting.Soon();
        Assert.That(connection.Labels["server_address"], Is.EqualTo("192.0.2.2"));
        Waiting.Until(() => first.Cancelled.IsCancellationRequested, "the other one is still wanted");
    }

    [Test]
    public async Task Address_TheFirstAnswersAfterAll_ItsSocketCounts()
    {
        Task<Connection> connecting = ConnectAsync("192.0.2.1", "192.0.2.2");
        EgressRequest first = await NextAsync("192.0.2.1");
        EgressRequest second = await NextAsync("192.0.2.2");
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        (Descriptor tooLate, Descriptor other) = Pair();
        using Descriptor heldToo = other;

        await first.ConnectedDescriptorAsync(given).Soon();
        using Connection connection = await connecting.Soon();
        await second.ConnectedDescriptorAsync(tooLate).Soon();

        Assert.That(connection.Labels["server_address"], Is.EqualTo("192.0.2.1"));
        AssertClosed(other);
    }

    [Test]
    public async Task Address_Fails_TheNextIsTried()
    {
        Task<Connection> connecting = ConnectAsync("192.0.2.1", "192.0.2.2");

        await (await NextAsync("192.0.2.1")).FailAsync("no route").Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        await (await NextAsync("192.0.2.2")).ConnectedDescriptorAsync(given).Soon();

        using Connection connection = await connecting.Soon();
        Assert.That(connection.Labels["server_address"], Is.EqualTo("192.0.2.2"));
    }

    [Test]
    public async Task Addresses_AllFail_UnavailableWithTheLastReason()
    {
        Task<Connection> connecting = ConnectAsync("192.0.2.1", "192.0.2.2");

        await (await NextAsync("192.0.2.1")).FailAsync("no route").Soon();
        await (await NextAsync("192.0.2.2")).FailAsync("refused").Soon();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("refused"));
    }

    [Test]
    public async Task Client_Leaves_AllAreWithdrawn()
    {
        Handle client = await OpenAsync();
        Task<Connection> connecting = ConnectAsync(client, "192.0.2.1", "192.0.2.2");
        EgressRequest first = await NextAsync("192.0.2.1");
        EgressRequest second = await NextAsync("192.0.2.2");

        await client.DisposeAsync();

        _ = await Refused(connecting);
        Waiting.Until(
            () => first.Cancelled.IsCancellationRequested && second.Cancelled.IsCancellationRequested, "one is still wanted");
    }

    [Test]
    public async Task Revocable_Race_LeavesOneConnection()
    {
        Task<Connection> connecting = Root.ConnectAsync(Labels("server_hostname=db"), new() { Revocable = true });
        await AnswerAsync(_resolver, Address("192.0.2.1"), Address("192.0.2.2"));
        _ = await NextAsync("192.0.2.1");
        EgressRequest second = await NextAsync("192.0.2.2");
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        await second.ConnectedDescriptorAsync(given).Soon();

        using Connection connection = await connecting.Soon();
        var all = new List<ConnectionInfo>();
        await foreach (ConnectionInfo one in Root.RevocableConnectionsAsync())
        {
            all.Add(one);
        }

        Assert.That(all, Has.Count.EqualTo(1));
        await Root.RevokeConnectionAsync(all[0].Id).Soon();
        AssertClosed(kept);
    }

    [Test]
    public async Task Server_AmongAddresses_IsTriedWhenTheyHaveFailed()
    {
        await using Listener listener = await Root.ListenAsync(Labels("app=db")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("server_hostname=db"));
        await AnswerAsync(_resolver, Address("192.0.2.1"), "app=db");

        await (await NextAsync("192.0.2.1")).FailAsync("no route").Soon();
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();

        using Connection atClient = await connecting.Soon();
        AssertTalk(atClient, atServer);
    }

    private static string Address(string address) => $"address_family=inet server_address={address} server_port=1";

    private Task<Connection> ConnectAsync(params string[] addresses) => ConnectAsync(Root, addresses);

    private async Task<Connection> ConnectAsync(Handle client, params string[] addresses)
    {
        Task<Connection> connecting = client.ConnectAsync(Labels("server_hostname=db"));
        await AnswerAsync(_resolver, [.. addresses.Select(Address)]);
        return await connecting;
    }

    private async Task<EgressRequest> NextAsync(string address)
    {
        EgressRequest request = await NextAsync(_egress);
        Assert.That(request.Labels["server_address"], Is.EqualTo(address));
        return request;
    }
}
