// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Ingress.Accepting;
using Flower.Ingress.HandingOver;
using Flower.Ingress.Listening;
using Flower.Ingress.Peek;
using Flower.Protocol;

namespace Flower.Ingress;

/// <summary><c>flower ingress accept</c>: its command line.</summary>
internal sealed class AcceptCommand : Command
{
    private readonly Argument<string[]> _words = new("ADDRESS... LABELS")
    {
        Arity = ArgumentArity.OneOrMore,
        Description = "Where to listen, one or more of: 127.0.0.1:8080; [::]:80 (IPv4 as well; port 0 takes a free "
            + "one); unix:/path; fd:N, a listening socket that this process inherits; systemd or systemd:NAME, the "
            + "sockets of a .socket unit. Then the labels of every connection: key=value, +key=value, +key, or one JSON object",
    };

    private readonly SwitchboardOption _switchboard = new();

    private readonly Option<int> _backlog = Count("--backlog", 4096, 65_535,
        "Connections that the kernel keeps until they are accepted (at most net.core.somaxconn)");

    private readonly Option<bool> _reusePort = new("--reuse-port")
    {
        Description = "Share the port with other ingresses that say so too: the kernel spreads the connections",
    };

    private readonly Option<bool> _noDelay = new("--no-delay")
    {
        Description = "TCP_NODELAY: small pieces are sent at once. The server can still choose for itself",
    };

    private readonly DurationOption _keepAlive = new("--keep-alive", TimeSpan.Zero)
    {
        Description = "Ask a TCP client that is silent for so long whether it is still there; one that is not is "
            + "noticed within twice this time. Default: 0, never",
    };

    private readonly DurationOption _wait = new("--wait", TimeSpan.Zero)
    {
        Description = "Hold a connection for so long until a matching server takes it, one that has a label in common "
            + "with it. Default: 0, refuse it at once when nothing matches",
    };

    private readonly BalanceOptions _balance;

    private readonly Option<int> _maxWaiting = Count("--max-waiting", 1024, 1_000_000,
        "Connections that are accepted and not yet matched, three quarters of them at most from one address, whose others are "
        + "refused. Beyond that the ingress accepts no more, and they stay in the backlog");

    private readonly Option<string[]> _peek = new("--peek")
    {
        HelpName = "PROTOCOL",
        Description = "Take labels from the first bytes, which the server still receives. tls: tls_server_name and "
            + "tls_alpn from the ClientHello. http: http_host from the Host header, lower-case, without the port. May be "
            + "given twice",
    };

    private readonly DurationOption _peekTimeout = new("--peek-timeout", TimeSpan.FromSeconds(3))
    {
        Description = "How long the first bytes, and the PROXY header before them, may take. Default: 3s",
    };

    private readonly Option<int> _peekBytes = Count("--peek-bytes", 16 * 1024, 65_536,
        "How many bytes are looked at");

    private readonly Option<bool> _requirePeek = new("--require-peek")
    {
        Description = "Refuse a connection whose first bytes give no label: malformed, too many or too slow. Otherwise "
            + "it goes on without",
    };

    private readonly Option<int> _maxPeeking = Count("--max-peeking", 4096, 1_000_000,
        "Connections whose first bytes are awaited. Beyond that the oldest counts as too slow");

    private readonly Option<string[]> _proxyProtocol = new("--proxy-protocol")
    {
        HelpName = "CIDR",
        Description = "Every connection comes from a proxy in this network (or unix: by a Unix socket), and begins with "
            + "a PROXY header, version 1 or 2, which says who the client is. Others are refused. May be repeated",
    };

    private readonly DurationOption _drain =
        DrainOption.Create("what is in the backlog be accepted, and connections and relays");

    private readonly Option<bool> _revocable = new("--revocable")
    {
        Description = "Connections can be shut down: flower revoke. The server must then shut down a socket before it closes it, or "
            + "the client sees no end of the stream until the server ends. Default: they cannot, once they are made",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Say refusals and failures only" };

    public AcceptCommand()
        : base("accept", "Listens, and hands each accepted socket to the server on the board that matches the labels.\n"
            + "The server also sees address_family, client_address, client_port, server_address and server_port, or of\n"
            + "a Unix client server_path, client_uid, client_gid and client_pid. Where an egress with a fixed\n"
            + "destination matches, the ingress relays to it.\n"
            + "  flower ingress accept 127.0.0.1:8080 program=web\n"
            + "  flower ingress accept [::]:80 unix:/run/web.sock program=web\n"
            + "  flower ingress accept [::]:443 --peek tls service=www")
    {
        _peek.AcceptOneOf("tls", "http");
        foreach (Option option in new Option[]
        {
            _backlog, _reusePort, _noDelay, _keepAlive, _wait, _maxWaiting, _peek, _peekTimeout,
            _peekBytes, _requirePeek, _maxPeeking, _proxyProtocol, _revocable, _drain, _quiet,
        })
        {
            Add(option);
        }

        _balance = new(this);
        Add(_switchboard);
        Add(_words);
        this.SetRunUntilStopped(RunAsync);
    }

    private static Option<int> Count(string name, int defaultValue, int most, string description) =>
        new Option<int>(name)
        {
            HelpName = "N",
            Description = description,
            DefaultValueFactory = _ => defaultValue,
        }.AcceptFromTo(1, most);

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        string[] words = command.GetValue(_words)!;
        if (Array.Find(words, word => word.StartsWith("--", StringComparison.Ordinal)) is { } option)
        {
            throw new ToolException(ExitCodes.Usage, Suggestion.NoSuchOption(option, command.CommandResult));
        }

        int addressCount = words.TakeWhile(ListenAddress.IsMeant).Count();
        ListenAddress[] addresses = [.. words.Take(addressCount).Select(ListenAddress.Parse)];
        if (addresses.Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "an address to listen on is missing: it comes before the labels");
        }

        IngressOptions options = ReadOptions(command, LabelsArgument.Parse(words[addressCount..], command));
        await using IngressService service = await IngressService.OpenAsync(
            () => _switchboard.OpenToStayAsync(command, "flower ingress", signals.Stop),
            () => ListenSockets.Open(addresses, ReadBinding(command)),
            options);

        // By design, and seldom meant. An inherited handle may well have labels of its own.
        bool isAny = options.HandOver.Labels.IsEmpty && options.FirstBytes.Protocols == PeekProtocols.None
            && SwitchboardAddress.Resolve(command.GetValue(_switchboard)).Path is not null;
        await service.RunAsync(signals, () => Announce(service.Listeners, options, isAny));
        return ExitCodes.Ok;
    }

    private static void Announce(IReadOnlyList<ListenSocket> listeners, IngressOptions options, bool isAny)
    {
        foreach (ListenSocket listener in options.Quiet ? [] : listeners)
        {
            Tool.Say("flower ingress", $"listening on {listener.Name}");
        }

        if (isAny && !options.Quiet)
        {
            Tool.Say("flower ingress", "without labels, each connection goes to whatever server there is, if it is the only one: "
                + "give those of the one that is meant, such as service=NAME");
        }

        Notifier.Ready();
    }

    private BindOptions ReadBinding(ParseResult command) => new()
    {
        Backlog = command.GetValue(_backlog),
        ReusePort = command.GetValue(_reusePort),
        NoDelay = command.GetValue(_noDelay),
        KeepAlive = _keepAlive.Read(command) is { Ticks: > 0 } idle ? idle : null,
    };

    private IngressOptions ReadOptions(ParseResult command, LabelSet labels)
    {
        string[] peek = command.GetValue(_peek) ?? [];
        string[] proxies = command.GetValue(_proxyProtocol) ?? [];
        bool require = command.GetValue(_requirePeek);
        if (require && peek.Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "--require-peek needs --peek tls or --peek http");
        }

        return new()
        {
            Proxies = proxies.Length > 0 ? ProxySources.Parse(proxies) : null,
            FirstBytes = new()
            {
                ProxyHeader = proxies.Length > 0,
                Protocols = (peek.Contains("tls") ? PeekProtocols.Tls : PeekProtocols.None)
                    | (peek.Contains("http") ? PeekProtocols.Http : PeekProtocols.None),
                RequireLabel = require,
                Timeout = _peekTimeout.Read(command),
                MaxBytes = command.GetValue(_peekBytes),
                MaxPeeking = command.GetValue(_maxPeeking),
            },
            HandOver = new()
            {
                Labels = labels,
                Connecting = _balance.AddTo(HandOverOptions.ConnectingWithin(_wait.Read(command)), command) with
                {
                    Revocable = command.GetValue(_revocable),
                },
                MaxWaiting = command.GetValue(_maxWaiting),
            },
            Drain = _drain.Read(command),
            Quiet = command.GetValue(_quiet),
        };
    }
}
