// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Net;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Resolver.Dns;

/// <summary><c>flower resolver dns</c>: names of hosts as addresses.</summary>
internal sealed class DnsCommand : Command
{
    private static readonly TimeSpan SystemTimeToLive = TimeSpan.FromSeconds(30);

    private readonly Option<string[]> _server = new("--server")
    {
        HelpName = "ADDRESS[:PORT]",
        Description = "Ask this DNS server: 192.0.2.53, [2001:db8::53]:5353; may be repeated. Default: those of "
            + "/etc/resolv.conf, which is read again when it changes",
    };

    private readonly Option<string[]> _search = new("--search")
    {
        HelpName = "DOMAIN",
        Description = "Look for names in this domain too, for one without a dot first; may be repeated. Default: none, so "
            + "that a name means the same everywhere; what /etc/resolv.conf says of it is not used",
    };

    private readonly Option<bool> _system = new("--system")
    {
        Description = "Ask the system (getaddrinfo) instead of DNS servers, and so whatever /etc/nsswitch.conf names. There "
            + "are no SRV records then, and answers hold for 30s",
    };

    private readonly DurationOption _timeout = new("--timeout", TimeSpan.FromSeconds(2))
    {
        Description = "How long a DNS server has for one try. The switchboard gives the whole question 5s. Default: 2s",
    };

    private readonly Option<int> _tries = new("--tries")
    {
        HelpName = "N",
        Description = "How often a DNS server is asked before the next one is",
        DefaultValueFactory = _ => 2,
    };

    private readonly Option<string> _hosts = new("--hosts")
    {
        HelpName = "FILE",
        Description = "A file like /etc/hosts, whose names come first; read again when it changes",
        DefaultValueFactory = _ => "/etc/hosts",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    public DnsCommand()
        : base("dns", "Says where hosts are: for server_hostname, with server_service (a name or a number) or server_port, "
            + "the labels\n"
            + "address_family, server_address and server_port, as an egress wants them:\n"
            + "  flower resolver dns\n"
            + "  flower egress connect --allow 10.0.0.0/8:5432\n"
            + "  flower connect server_hostname=db.example server_service=postgresql -- psql\n"
            + "A service with a name is looked for as an SRV record first, and else in /etc/services.")
    {
        Options.Add(_server);
        Options.Add(_search);
        Options.Add(_system);
        Options.Add(_timeout);
        Options.Add(_tries);
        Options.Add(_hosts);
        Options.Add(_switchboard);
        Arguments.Add(_labels);
        this.SetRunUntilStopped(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        LabelSet labels = _labels.Read(command);
        var names = new HostNames(
            ReadAddresses(command),
            new(command.GetValue(_hosts)!, HostsFile.Read),
            new("/etc/services", ServicesFile.Read),
            [.. (command.GetValue(_search) ?? []).Select(ReadDomain)]);
        await using Handle handle = await _switchboard.OpenToStayAsync(command, "flower resolver", signals.Stop);
        return await Answering.RunAsync(
            handle, labels, HostNames.Host, [HostNames.Service, HostNames.Port], names, signals);
    }

    private IHostAddresses ReadAddresses(ParseResult command)
    {
        string[] given = command.GetValue(_server) ?? [];
        TimeSpan timeout = _timeout.Read(command);
        int tries = command.GetValue(_tries);
        if (timeout <= TimeSpan.Zero || tries is < 1 or > 10)
        {
            throw new ToolException(ExitCodes.Usage, "--timeout is more than 0, and --tries a number from 1 to 10");
        }

        if (command.GetValue(_system))
        {
            return given.Length == 0
                ? new SystemAddresses(SystemTimeToLive)
                : throw new ToolException(ExitCodes.Usage, "--server is for DNS: with --system, leave it out");
        }

        IPEndPoint[] servers = [.. given.Select(ReadServer)];
        var file = new WatchedFile<IReadOnlyList<IPEndPoint>>("/etc/resolv.conf", ResolvConf.Read);
        return new DnsAddresses(servers.Length > 0 ? () => servers : () => file.Value, timeout, tries);
    }

    private static IPEndPoint ReadServer(string text)
    {
        // TryParse also takes 127.1, and an IPv6 address with a port but without brackets as one without a port.
        if (IPEndPoint.TryParse(text, out IPEndPoint? server))
        {
            return server.Port == 0 ? new(server.Address, 53) : server;
        }

        throw new ToolException(
            ExitCodes.Usage,
            $"'{text}' is no address for --server: write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353");
    }

    private static string ReadDomain(string text) => HostName.Normalize(text)
        ?? throw new ToolException(ExitCodes.Usage, $"'{text}' is no domain for --search");
}
