// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Egress.Dialing;
using Flower.Egress.Policy;
using Flower.Protocol;
using Flower.ProxyProtocol;
using Flower.Rpc.Transport;

namespace Flower.Egress;

/// <summary><c>flower egress connect</c>: registers an egress and answers its requests.</summary>
internal sealed class ConnectCommand : Command
{
    private const string AddressFamily = "address_family";

    private readonly AllowOption _allow = new();
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();
    private readonly DurationOption _drain = DrainOption.Create("connections that are being made");

    private readonly Option<string?> _to = new("--to")
    {
        HelpName = "ADDRESS",
        Description = "Connect everybody to this place, whatever the labels say, ingresses included: 127.0.0.1:8080, "
            + "[::1]:80 or unix:/path. No --allow, and no label that states an address. Default: where the labels say",
    };

    private readonly DurationOption _connectTimeout = new("--connect-timeout", TimeSpan.FromSeconds(4))
    {
        Description = "How long one destination has to answer. The switchboard gives the whole request 5s, so that "
            + "with more the client reads that time ran out instead of the reason. Default: 4s",
    };

    private readonly Option<int> _maxConnecting = new("--max-connecting")
    {
        HelpName = "N",
        Description = "How many connections are being made at once, three quarters of them at most for one user; further "
            + "requests wait",
        DefaultValueFactory = _ => 1024,
    };

    private readonly Option<bool> _relay = new("--relay")
    {
        Description = "Relay each connection, and give the client a Unix socket instead of the one of the network, which it "
            + "could connect elsewhere, past --allow. Default: no, the egress is out of the path",
    };

    private readonly Option<bool> _sendProxy = new("--send-proxy")
    {
        Description = "Begin each connection with a PROXY header of version 2, which tells the server the client's "
            + "address (client_address, client_port, server_address, server_port) and the labels. Default: no",
    };

    private readonly Option<string> _sendProxyLabels = new("--send-proxy-labels")
    {
        HelpName = "all|none|KEY,KEY…",
        Description = "Which labels the PROXY header carries, each as a field 0xE0 with key=value. none: the addresses "
            + "and nothing else, for servers that take no longer header: nginx 1.22 takes some 108 bytes on TLS.",
        DefaultValueFactory = _ => "all",
    };

    public ConnectCommand()
        : base("connect", "Registers an egress, which connects to where a client's labels say: "
            + "address_family inet or inet6 with server_address and server_port, or unix with server_path.\n"
            + "Addresses and ports are numeric:\n"
            + "  flower egress connect --allow 10.0.0.0/8:5432 network=office\n"
            + "  flower cat network=office address_family=inet server_address=10.1.2.3 server_port=5432\n"
            + "With --to, it puts a service on the board that knows nothing of Flower:\n"
            + "  flower egress connect --to 127.0.0.1:8080 service=www\n"
            + "  flower ingress accept [::]:80 service=www")
    {
        Options.Add(_to);
        Options.Add(_allow);
        Options.Add(_connectTimeout);
        Options.Add(_maxConnecting);
        Options.Add(_relay);
        Options.Add(_sendProxy);
        Options.Add(_sendProxyLabels);
        Options.Add(_drain);
        Options.Add(_switchboard);
        Arguments.Add(_labels);
        this.SetRunUntilStopped(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        LabelSet labels = _labels.Read(command);
        FixedDestination? to = ReadTo(command, labels);
        ProxyLabels? proxy = ReadProxy(command);
        int maxConnecting = command.GetValue(_maxConnecting);
        TimeSpan limit = _connectTimeout.Read(command);
        if (maxConnecting is < 1 or > 1_000_000 || limit <= TimeSpan.Zero)
        {
            throw new ToolException(
                ExitCodes.Usage, "--max-connecting is a number from 1 to 1000000, and --connect-timeout more than 0");
        }

        if (to is null)
        {
            labels = LabelSet.Create(
                labels.Labels, labels.RequiredKeys.Union([AddressFamily], StringComparer.Ordinal));
        }

        Destinations destinations = to ?? (Destinations)new StatedDestinations(command.GetValue(_allow) ?? new([]));
        await using Handle handle = await _switchboard.OpenToStayAsync(command, "flower egress", signals.Stop);
        await using Client.Egress egress = await handle.StartEgressAsync(
            labels, new() { FixedDestination = to is not null }, signals.Stop);
        Tool.Say("flower egress", to is null ? $"registered {labels}" : $"registered {labels}, to {to}");
        Notifier.Ready();

        // The loop that the session is on: what a request brings and what answers it cross no thread.
        EventLoop loop = EventLoop.Shared;
        using var connector = new Connector(
            new Dialer(loop, limit), destinations, proxy, maxConnecting, command.GetValue(_relay));
        await loop.Invoke(() => connector.RunAsync(egress, signals, _drain.Read(command)));
        return ExitCodes.Ok;
    }

    private FixedDestination? ReadTo(ParseResult command, LabelSet labels)
    {
        if (command.GetValue(_to) is not { } text)
        {
            return null;
        }

        if (command.GetResult(_allow) is { Implicit: false })
        {
            throw new ToolException(
                ExitCodes.Usage, "--allow is for destinations that clients choose: with --to, leave it out");
        }

        FixedDestination.Check(labels);
        return FixedDestination.Parse(text);
    }

    private ProxyLabels? ReadProxy(ParseResult command)
    {
        bool isSent = command.GetValue(_sendProxy);
        if (!isSent && command.GetResult(_sendProxyLabels) is { Implicit: false })
        {
            throw new ToolException(ExitCodes.Usage, "--send-proxy-labels needs --send-proxy");
        }

        string text = command.GetValue(_sendProxyLabels)!;
        ProxyLabels labels = ProxyLabels.Parse(text) ?? throw new ToolException(
            ExitCodes.Usage, $"'{text}' has an empty key for --send-proxy-labels: write all, none, or KEY,KEY");
        return isSent ? labels : null;
    }
}
