// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Flower.Web;

/// <summary>
/// Serves the page, and to who has the token what the page shows. Nothing that it does changes anything on the board. Borrows
/// the door and the feed.
/// </summary>
internal sealed class WebServer : IAsyncDisposable
{
    private const int MaxViewers = 16;
    private const int MaxConnections = 128;
    private const int MaxQuestion = 256 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly BoardDoor _door;
    private readonly BoardFeed _feed;
    private readonly RequestGuard _guard;
    private readonly ConnectionLook _look = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly WebApplication _web;

    private WebServer(BoardDoor door, BoardFeed feed, RequestGuard guard, IPEndPoint endPoint)
    {
        _door = door;
        _feed = feed;
        _guard = guard;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "flower" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = MaxQuestion;
            kestrel.Listen(endPoint);
        });
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        _web = builder.Build();
        _web.Run(AnswerAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">It is not this machine's, or not for this user.</exception>
    public static async Task<WebServer> StartAsync(
        BoardDoor door, BoardFeed feed, RequestGuard guard, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var server = new WebServer(door, feed, guard, endPoint);
        try
        {
            await server._web.StartAsync(cancellationToken);
            // As Kestrel writes it, with the port that the kernel has chosen.
            server.EndPoint = IPEndPoint.Parse(new Uri(server._web.Urls.First()).Authority);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Who follows first: a stream has no end of its own.
        await _stopping.CancelAsync();
        using (var patience = new CancellationTokenSource(StopLimit))
        {
            await _web.StopAsync(patience.Token);
        }

        await _web.DisposeAsync();
        _look.Dispose();
        _stopping.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        SetHeaders(context.Response.Headers);
        string path = context.Request.Path.Value ?? "";
        bool isQuestion = path == "/explain";
        if (_guard.Refuse(context) is { } refused)
        {
            await SayAsync(context, refused.Status, refused.Why);
        }
        else if (!(isQuestion ? HttpMethods.IsPost(context.Request.Method) : HttpMethods.IsGet(context.Request.Method)))
        {
            context.Response.Headers.Allow = isQuestion ? "POST" : "GET";
            await SayAsync(context, StatusCodes.Status405MethodNotAllowed, "this is only read");
        }
        else if (PageFile.All.TryGetValue(path, out PageFile? file))
        {
            await WriteAsync(context, file.Type, file.Bytes);
        }
        else if (path is not ("/events" or "/explain") && !path.StartsWith("/connection/", StringComparison.Ordinal))
        {
            await SayAsync(context, StatusCodes.Status404NotFound, "there is no such page");
        }
        else if (_guard.RefuseData(context.Request) is { } denied)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await SayAsync(context, denied.Status, denied.Why);
        }
        else
        {
            await AnswerDataAsync(context, path);
        }
    }

    private async Task AnswerDataAsync(HttpContext context, string path)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            Task answer = path switch
            {
                "/events" => FollowAsync(context, stop.Token),
                "/explain" => ExplainAsync(context, stop.Token),
                _ => LookAsync(context, path["/connection/".Length..], stop.Token),
            };
            await answer;
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is OperationCanceledException or RpcException or IOException)
        {
            // Who asked has gone, or this server stops.
        }
    }

    // Server-sent events (HTML, §9.2): a message is one line, as JSON has no line breaks.
    private async Task FollowAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (!_feed.TryEnter(MaxViewers))
        {
            await SayAsync(context, StatusCodes.Status503ServiceUnavailable, $"{MaxViewers} pages follow this board already");
            return;
        }

        try
        {
            context.Response.ContentType = "text/event-stream";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            long seen = 0;
            while (true)
            {
                Task changed = _feed.Picture.Changed;
                if (_feed.Picture.Since(ref seen) is { } message)
                {
                    await context.Response.Body.WriteAsync("data: "u8.ToArray(), cancellationToken);
                    await context.Response.Body.WriteAsync(message, cancellationToken);
                    await context.Response.Body.WriteAsync("\n\n"u8.ToArray(), cancellationToken);
                    await context.Response.Body.FlushAsync(cancellationToken);
                    // What happens meanwhile is told in one message.
                    await Task.Delay(Pause, cancellationToken);
                }
                else if (await Task.WhenAny(changed, Task.Delay(Silence, cancellationToken)) != changed)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await context.Response.Body.WriteAsync(":\n\n"u8.ToArray(), cancellationToken);
                    await context.Response.Body.FlushAsync(cancellationToken);
                }
            }
        }
        finally
        {
            _feed.Leave();
        }
    }

    private async Task ExplainAsync(HttpContext context, CancellationToken cancellationToken)
    {
        ExplainRequest request;
        try
        {
            using JsonDocument question =
                await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: cancellationToken);
            request = ExplainAnswer.Read(question);
        }
        catch (LabelException e)
        {
            await SayAsync(context, StatusCodes.Status400BadRequest, e.Message);
            return;
        }
        catch (JsonException e)
        {
            await SayAsync(context, StatusCodes.Status400BadRequest, $"the question is not understood: {JsonFault.Words(e)}");
            return;
        }
        catch (BadHttpRequestException e)
        {
            await SayAsync(context, e.StatusCode, "the question is too long");
            return;
        }

        try
        {
            await WriteJsonAsync(context, await ExplainAnswer.AskAsync(_door, request, cancellationToken));
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            int status = e.StatusCode switch
            {
                StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
                StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
                _ => StatusCodes.Status503ServiceUnavailable,
            };
            await SayAsync(context, status, _door.Explain(e));
        }
    }

    private async Task LookAsync(HttpContext context, string text, CancellationToken cancellationToken)
    {
        byte[]? seen = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id)
            && _feed.Model.Find(id) is { } connection
                ? await _look.LookAsync(connection, cancellationToken)
                : null;
        if (seen is null)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, "there is no such connection");
        }
        else
        {
            await WriteJsonAsync(context, seen);
        }
    }

    private static void SetHeaders(IHeaderDictionary headers)
    {
        // Nothing but this server's own files, and no text that becomes a script.
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private static Task SayAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(LabelRules.Printable(why) + "\n"));
    }

    private static Task WriteJsonAsync(HttpContext context, byte[] json) => WriteAsync(context, "application/json", json);

    private static async Task WriteAsync(HttpContext context, string type, ReadOnlyMemory<byte> bytes)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
