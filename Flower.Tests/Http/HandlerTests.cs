// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Http;
using Flower.Rpc.Interop;
using Flower.Tests.Integration;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Http;

/// <summary>What HttpClient asks the board for, and what it makes of the answers: docs/http.md.</summary>
internal sealed class HandlerTests : BoardFixture
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"u8.ToArray();

    [TestCase("db.example", 80, "server_hostname=db.example server_port=80")]
    [TestCase("192.0.2.7", 8080, "address_family=inet server_address=192.0.2.7 server_port=8080")]
    [TestCase("2001:db8::1", 443, "address_family=inet6 server_address=2001:db8::1 server_port=443")]
    [TestCase("::ffff:192.0.2.7", 1, "address_family=inet server_address=192.0.2.7 server_port=1")]
    public void AddressLabels_HostAndPort_AreWhatAnEgressReads(string host, int port, string labels) =>
        Assert.That(FlowerHttpOptions.AddressLabels(new(host, port)), Is.EqualTo(Labels(labels.Split(' '))));

    [Test]
    public async Task Get_OfAnAddress_GoesThroughTheEgress()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("+address_family", "zone=outside")).Soon();
        using HttpClient client = NewClient(new() { Labels = Labels("zone=outside") });
        Task<string> getting = client.GetStringAsync("http://[2001:db8::1]:8080/");
        EgressRequest request = await NextAsync(egress);
        (Descriptor given, Descriptor kept) = Pair();

        Assert.That(request.Labels["address_family"], Is.EqualTo("inet6"));
        Assert.That(request.Labels["server_address"], Is.EqualTo("2001:db8::1"));
        Assert.That(request.Labels["server_port"], Is.EqualTo("8080"));
        using Socket server = await ServedAsync(request, given, kept);
        Assert.That(await getting.Soon(), Is.EqualTo("hello"));
    }

    [Test]
    public async Task Get_OfAName_IsResolvedOnTheBoard()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("+address_family")).Soon();
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+server_hostname"), ["server_port"]).Soon();
        using HttpClient client = NewClient();
        Task<string> getting = client.GetStringAsync("http://Web.Example/");
        await using IAsyncEnumerator<ResolverQuestion> questions = resolver.GetAsyncEnumerator();
        Assert.That(await questions.MoveNextAsync().AsTask().Soon(), Is.True);
        Assert.That(questions.Current.Labels, Is.EqualTo(Labels("server_hostname=web.example", "server_port=80")));
        await questions.Current.AnswerAsync(
            [new(Labels("address_family=inet", "server_address=192.0.2.7"))], TimeSpan.FromSeconds(1)).Soon();
        EgressRequest request = await NextAsync(egress);
        (Descriptor given, Descriptor kept) = Pair();

        Assert.That(request.Labels["server_address"], Is.EqualTo("192.0.2.7"));
        using Socket server = await ServedAsync(request, given, kept);
        Assert.That(await getting.Soon(), Is.EqualTo("hello"));
    }

    [Test]
    public async Task Get_NothingMatches_TheReasonIsWithin()
    {
        // Has nothing in common with the URL, and must not be taken.
        await using Listener other = await Root.ListenAsync(Labels("service=other")).Soon();
        using HttpClient client = NewClient();

        HttpRequestException failure = await FailureAsync(client.GetStringAsync("http://web.example/"));

        Assert.That(failure.HttpRequestError, Is.EqualTo(HttpRequestError.ConnectionError));
        Assert.That(failure.InnerException, Is.InstanceOf<FlowerException>());
        Assert.That(((FlowerException)failure.InnerException!).StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Get_LabelsContradictTheUrl_SaysWhich()
    {
        using HttpClient client = NewClient(new() { Labels = Labels("server_port=443") });

        HttpRequestException failure = await FailureAsync(client.GetStringAsync("http://web.example/"));

        Assert.That(failure.InnerException!.Message, Does.Contain("web.example:80").And.EndsWith("server_port"));
    }

    [Test]
    public async Task Get_TheServerDoesNotAccept_ConnectTimeoutEndsIt()
    {
        await using Listener listener = await Root.ListenAsync(Labels("server_port=80"), new() { Credit = 0 }).Soon();
        SocketsHttpHandler handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1) }.UseFlower(Root);
        using var client = new HttpClient(handler);
        Task<IncomingConnection> offer = NextAsync(listener);

        await Assert.ThrowsAsync<TaskCanceledException>(() => client.GetStringAsync("http://web.example/").Soon());

        // The board knows that nobody waits any more.
        IncomingConnection offered = await offer;
        Waiting.Until(() => offered.IsWithdrawn, "the offer is not withdrawn");
    }

    [Test]
    public async Task Get_TimeoutOfTheBoard_IsItsAnswer()
    {
        using HttpClient client = NewClient(new() { Connect = new() { Wait = true, Timeout = ShortDeadline } });

        HttpRequestException failure = await FailureAsync(client.GetStringAsync("http://web.example/"));

        Assert.That(((FlowerException)failure.InnerException!).StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
    }

    [Test]
    public async Task Get_Cancelled_EndsAtOnce()
    {
        using HttpClient client = NewClient(new() { Connect = new() { Wait = true } });
        using var cancel = new CancellationTokenSource();
        Task<string> getting = client.GetStringAsync("http://web.example/", cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAsync<TaskCanceledException>(() => getting.Soon());
    }

    private HttpClient NewClient(FlowerHttpOptions? options = null) => new(new SocketsHttpHandler().UseFlower(Root, options));

    // Answers an egress's client, and the request that comes over the other end.
    private static async Task<Socket> ServedAsync(EgressRequest request, Descriptor given, Descriptor kept)
    {
        var server = new Socket(kept.ToSocketHandle());
        await request.ConnectedDescriptorAsync(given).Soon();
        byte[] buffer = new byte[4096];
        Assert.That(await server.ReceiveAsync(buffer).Soon(), Is.Positive);
        await server.SendAsync(Answer).Soon();
        return server;
    }

    private static async Task<HttpRequestException> FailureAsync(Task request) =>
        (await Assert.ThrowsAsync<HttpRequestException>(() => request.Soon()))!;
}
