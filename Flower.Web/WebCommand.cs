// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.Web;

/// <summary><c>flower web</c>: the board in a browser.</summary>
public sealed class WebCommand : Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly Option<string> _listen = new("--listen")
    {
        HelpName = "ADDRESS:PORT",
        Description = "Where browsers come in. Port 0 is any that is free",
        DefaultValueFactory = _ => "127.0.0.1:0",
    };

    private readonly Option<bool> _remote = new("--allow-remote")
    {
        Description = "--listen may be an address that other machines reach. What is sent is not encrypted, the token "
            + "included. Default: loopback addresses only",
    };

    private readonly Option<string[]> _hosts = new("--host")
    {
        HelpName = "NAME",
        Description = "A name by which browsers may ask for the page besides the address itself, such as a proxy's. May be "
            + "given several times. Default: localhost, on a loopback address",
    };

    private readonly Option<string?> _admin = new("--admin")
    {
        HelpName = "PATH",
        Description = "The switchboard's socket for gRPC clients. Default: admin.sock beside the socket that "
            + "$FLOWER_SWITCHBOARD names, or else the default one",
    };

    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public WebCommand()
        : base("web", "Shows the board in a browser: clients and targets, a cord for each open connection, what was refused\n"
            + "and why. Prints the URL, which holds a token, and runs until it is stopped. Changes nothing, and needs\n"
            + "the right LIST. With labels, only what does not contradict them is shown.\n"
            + "  flower web\n"
            + "  flower web --listen 127.0.0.1:8800 tenant=blue")
    {
        Add(_listen);
        Add(_remote);
        Add(_hosts);
        Add(_admin);
        Add(_labels);
        this.SetRun(RunAsync, stopped: ExitCodes.Ok);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.Read(command);
        IPEndPoint endPoint = ReadEndPoint(command);
        using var door = new BoardDoor(command.GetValue(_admin) ?? DefaultPath());
        await CheckAsync(door, cancellationToken);
        await using var feed = new BoardFeed(door, labels);
        var guard = new RequestGuard(command.GetValue(_hosts) ?? []);
        WebServer server;
        try
        {
            server = await WebServer.StartAsync(door, feed, guard, endPoint, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new ToolException(ExitCodes.Unavailable, $"cannot listen on {endPoint}: {e.Message}", e);
        }

        await using (server)
        {
            if (!IPAddress.IsLoopback(server.EndPoint.Address))
            {
                Tool.Say("flower web", $"{server.EndPoint} can be reached from other machines, and what is sent is not encrypted: "
                    + "whoever sees it can see the board. Put a proxy with TLS before it, or use ssh -L");
            }

            // A fragment: a browser tells it to no server, and writes it into no Referer.
            Console.WriteLine($"http://{server.EndPoint}/#token={guard.Token}");
            Notifier.Ready();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        return ExitCodes.Ok;
    }

    private IPEndPoint ReadEndPoint(ParseResult command)
    {
        string text = command.GetValue(_listen)!;
        // A bare address would be one with the port 0.
        if (!IPEndPoint.TryParse(text, out IPEndPoint? endPoint) || endPoint.ToString() != text)
        {
            throw new ToolException(
                ExitCodes.Usage, $"'{text}' is no address to listen on: write 127.0.0.1:8800 or [::1]:8800");
        }

        return IPAddress.IsLoopback(endPoint.Address) || command.GetValue(_remote)
            ? endPoint
            : throw new ToolException(
                ExitCodes.Usage, $"{endPoint} can be reached from other machines: use a loopback address, or see --allow-remote");
    }

    private static string DefaultPath() => SwitchboardAddress.Default.Path is { } path
        ? Path.Combine(Path.GetDirectoryName(path)!, "admin.sock")
        : throw new ToolException(
            ExitCodes.Usage, "an inherited handle does not tell where the gRPC door of its switchboard is: name it with --admin");

    // What will not get better by waiting is said at once.
    private static async Task CheckAsync(BoardDoor door, CancellationToken cancellationToken)
    {
        try
        {
            await door.Board.StatsAsync(
                new(), deadline: DateTime.UtcNow + Limit, cancellationToken: cancellationToken);
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(
                e.StatusCode == StatusCode.PermissionDenied ? ExitCodes.Denied : ExitCodes.Unavailable, door.Explain(e), e);
        }
        catch (RpcException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
