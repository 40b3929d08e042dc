// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Tests.EndToEnd;
using Grpc.Core;
using Grpc.Health.V1;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>
/// Abuse of the gRPC door, in bytes that no library would send: while it goes on, both doors answer others; afterwards nothing is
/// left of it, and the switchboard has said nothing that is not worth saying.
/// </summary>
[Category("EndToEnd")]
internal sealed class AdminDoorTests : EndToEndTest
{
    private const int Crowd = 200;
    private const long MostBytes = 300_000_000;

    // What each connection sends; some are many.
    private static IEnumerable<TestCaseData> Abuses =>
    [
        Case("RapidReset", 2, Repeated(20_000, i => [
            .. Http2.Frame(Http2.Headers, Http2.EndHeaders, StreamOf(i), Http2.CallOf("List")),
            .. Http2.Frame(Http2.ResetStream, 0, StreamOf(i), 0, 0, 0, 8)])),
        Case("HugeMetadata", 4, [
            .. Http2.Frame(Http2.Headers, 0, 1, Http2.CallOf("List")),
            .. Repeated(100, i => Http2.Frame(
                Http2.Continuation, 0, 1, Http2.Field($"x-{i}", new string('v', 16_000))))]),
        Case("ContinuationWithoutEnd", 4, [
            .. Http2.Frame(Http2.Headers, 0, 1, Http2.CallOf("List")),
            .. Repeated(50_000, _ => Http2.Frame(Http2.Continuation, 0, 1))]),
        Case("SlowHeaders", Crowd, Http2.Frame(Http2.Headers, 0, 1, Http2.CallOf("List"))),
        Case("HalfAFrame", Crowd, Http2.Frame(Http2.Headers, Http2.EndHeaders, 1, Http2.CallOf("List"))[..20]),
        Case("PingsUnread", 4, Repeated(50_000, _ => Http2.Frame(Http2.Ping, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))),
        Case("SettingsUnread", 4, Repeated(50_000, _ => Http2.Frame(Http2.Settings, 0, 0))),
        Case("CallsUnread", 4, Repeated(500, i => [
            .. Http2.Frame(Http2.Headers, Http2.EndHeaders, StreamOf(i), Http2.CallOf("Watch")),
            .. Http2.Frame(Http2.Data, Http2.EndStream, StreamOf(i), 0, 0, 0, 0, 0)])),
        Case("EmptyData", 2, [
            .. Http2.Frame(Http2.Headers, Http2.EndHeaders, 1, Http2.CallOf("Watch")),
            .. Repeated(50_000, _ => Http2.Frame(Http2.Data, 0, 1))]),
        Case("WindowOverflow", 2, Repeated(10, _ => Http2.Frame(Http2.WindowUpdate, 0, 0, 0x7f, 0xff, 0xff, 0xff))),
        Case("Silence", Crowd, []),
    ];

    [TestCaseSource(nameof(Abuses))]
    public async Task Abuse_OfTheGrpcDoor_OthersAreAnsweredAndNothingIsLeft(int connections, byte[] bytes)
    {
        using var other = new GrpcDoor(Board.Admin);
        Assert.That(await other.ListAsync(), Is.Empty);
        var abusers = new List<Socket>();
        try
        {
            for (int i = 0; i < connections; i++)
            {
                abusers.Add(await ConnectAsync());
            }

            Task abuse = Task.WhenAll(abusers.Select(abuser => SendAsync(abuser, bytes)));
            await AssertAnswersAsync(other);
            await abuse.Within();
            await AssertAnswersAsync(other);
            using var newcomer = new GrpcDoor(Board.Admin);
            await AssertAnswersAsync(newcomer);
            Assert.That(Board.Daemon.MemoryBytes, Is.LessThan(MostBytes));
        }
        finally
        {
            abusers.ForEach(abuser => abuser.Dispose());
        }
    }

    // A limit of 100 open calls made the 101st of the original wait for ever.
    [Test]
    public async Task Calls_MoreThanAHundredOnOneConnection_TheNextIsAnswered()
    {
        using var door = new GrpcDoor(Board.Admin);
        var health = new Health.HealthClient(door.Channel);
        var calls = new List<AsyncServerStreamingCall<HealthCheckResponse>>();
        try
        {
            for (int i = 0; i < 150; i++)
            {
                calls.Add(health.Watch(new()));
                Assert.That(await calls[^1].ResponseStream.MoveNext(CancellationToken.None).Within(), Is.True);
            }

            Assert.That(await door.ListAsync(), Is.Empty);
        }
        finally
        {
            calls.ForEach(call => call.Dispose());
        }
    }

    private static int StreamOf(int call) => (2 * call) + 1;

    private static TestCaseData Case(string name, int connections, byte[] bytes) =>
        new TestCaseData(connections, bytes).SetArgDisplayNames(name);

    private static byte[] Repeated(int times, Func<int, byte[]> piece)
    {
        using var all = new MemoryStream();
        for (int i = 0; i < times; i++)
        {
            all.Write(piece(i));
        }

        return all.ToArray();
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Board.Admin)).Within();
        return socket;
    }

    // Reads nothing: whoever sends for ever is cut off, or held back by its own silence.
    private static async Task SendAsync(Socket abuser, byte[] bytes)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            ReadOnlyMemory<byte> rest = bytes.Length == 0 ? bytes : (byte[])[.. Http2.Preface, .. bytes];
            while (rest.Length > 0)
            {
                rest = rest[await abuser.SendAsync(rest, enough.Token)..];
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Cut off, or not read any more.
        }
    }

    private async Task AssertAnswersAsync(GrpcDoor other)
    {
        Assert.That(await other.ListAsync(), Is.Empty);
        await using Handle handle = await Board.OpenAsync();
        await handle.StatsAsync().Within();
    }
}
