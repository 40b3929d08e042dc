// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Text;
using Flower.Client;
using Flower.CommandLine;
using Flower.Egress.Policy;
using Flower.Ingress.Accepting;
using Flower.Ingress.Listening;
using Flower.Ingress.Peek;
using Flower.Run.Agent;
using Flower.Run.Names;
using Flower.Switchboard.Attestation;
using Flower.Switchboard.Telemetry;

namespace Flower.Fuzz.Targets;

/// <summary>Addresses, rules and names, as they stand on a command line, in a label or in a file of the system.</summary>
internal static class AddressTarget
{
    private static readonly IPEndPoint Public = new(IPAddress.Parse("198.51.100.7"), 80);

    public static void Run(byte[] input)
    {
        // A word of a command line has no NUL in it.
        string text = Encoding.UTF8.GetString(input).Replace("\0", "", StringComparison.Ordinal);
        Try<FlowerException>(() =>
        {
            var address = SwitchboardAddress.Parse(text);
            BrokenException.Unless(SwitchboardAddress.Parse(address.ToString()) == address, "an address that is written otherwise");
        });
        _ = ListenAddress.IsMeant(text);
        Try<ToolException>(() => ListenAddress.Parse(text));
        Try<ToolException>(() => ProxySources.Parse(text.Split(',')).Trusts(Public));
        Try<ToolException>(() => PublishedPort.Parse(text));
        Try<FormatException>(() => MetricsAddress.Parse(text));
        _ = DurationOption.TryParse(text, out _);
        Allow(text);
        _ = Authority.Read(input);
        CheckName(HostName.Normalise(input));
        CheckName(Resolver.Dns.HostName.Normalize(text));
        _ = HostText.IsHost(input);
        _ = ReverseName.Parse(input);
        _ = ControlGroup.Parse(text);
        _ = Resolver.Dns.HostsFile.Read(text);
        _ = Resolver.Dns.ResolvConf.Read(text);
        _ = Resolver.Dns.ServicesFile.Read(text);
    }

    private static void Allow(string text)
    {
        AllowRule? rule = AllowRule.Parse(text, out string error);
        BrokenException.Unless(rule is null == error.Length > 0, "a rule with an error, or none without one");
        if (rule is null)
        {
            return;
        }

        var list = new AllowList([rule]);
        _ = list.Refuse(Public);
        _ = list.Refuse("/run/../a");
        // What is not named within its own range is never reached.
        foreach (string special in (string[])["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
        {
            string? refusal = list.Refuse(new IPEndPoint(IPAddress.Parse(special), 80));
            BrokenException.Unless(
                refusal is not null || rule is AddressRule { Network.PrefixLength: >= 8 }, $"{rule} opens {special}");
        }
    }

    private static void CheckName(string? name) => BrokenException.Unless(
        name is null || (name.Length is > 0 and <= 253 && !name.EndsWith('.')
            && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.')),
        "a name that is none");

    private static void Try<T>(Action read)
        where T : Exception
    {
        try
        {
            read();
        }
        catch (T)
        {
            // Refused, as its caller expects.
        }
    }
}
