// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Egress.Policy;

namespace Flower.Tests.Laws;

/// <summary>What no list of rules may do.</summary>
[FsCheck.NUnit.Properties(MaxTest = 1000, QuietOnSuccess = true)]
public sealed class AllowListLaws
{
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/32", "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
            "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    [FsCheck.NUnit.Property]
    public bool Refuse_SpecialAddress_NeverAllowedByWiderRules(int seed)
    {
        var random = new Random(seed);
        IPNetwork range = Special[random.Next(Special.Length)];
        IPAddress address = Within(range, random);
        AllowRule[] rules = [.. Enumerable.Range(0, random.Next(4)).Select(_ =>
            WiderRule(range, address, random))];
        var list = new AllowList(rules);
        return Spellings(address)
            .All(spelling => list.Refuse(new IPEndPoint(spelling, random.Next(1, 65536))) is not null);
    }

    [FsCheck.NUnit.Property]
    public bool Refuse_RuleWithinTheRange_AllowsWhatItCovers(int seed)
    {
        var random = new Random(seed);
        IPNetwork range = Special[random.Next(Special.Length)];
        IPAddress address = Within(range, random);
        int length = random.Next(range.PrefixLength, (address.GetAddressBytes().Length * 8) + 1);
        var list = new AllowList([Parse(First(address, length), length)]);
        bool isWithinTheNarrowest = SpecialRange.Of(address)!.Network.PrefixLength <= length;
        return Spellings(address)
            .All(spelling => (list.Refuse(new IPEndPoint(spelling, 80)) is null) == isWithinTheNarrowest);
    }

    private static AllowRule WiderRule(IPNetwork range, IPAddress address, Random random)
    {
        int length = random.Next(range.PrefixLength);
        return Parse(First(address, length), length);
    }

    private static AllowRule Parse(IPAddress network, int length) => AllowRule.Parse(
        network.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? $"{network}/{length}" : $"[{network}/{length}]",
        out string error) ?? throw new ArgumentException(error);

    private static IEnumerable<IPAddress> Spellings(IPAddress address)
    {
        yield return address;
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
        {
            yield return address.MapToIPv6();
            yield return new IPAddress([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, .. address.GetAddressBytes()]);
        }
    }

    private static IPAddress Within(IPNetwork range, Random random)
    {
        byte[] fixedBytes = range.BaseAddress.GetAddressBytes();
        byte[] bytes = new byte[fixedBytes.Length];
        random.NextBytes(bytes);
        for (int bit = 0; bit < range.PrefixLength; bit++)
        {
            byte mask = (byte)(0x80 >> (bit % 8));
            bytes[bit / 8] = (byte)((bytes[bit / 8] & ~mask) | (fixedBytes[bit / 8] & mask));
        }

        return new IPAddress(bytes);
    }

    private static IPAddress First(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }
}
