// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.RegularExpressions;
using Flower.Ingress.Peek;
using Flower.Tests.Ingress;

namespace Flower.Tests.Laws;

/// <summary>Laws of what reads the first bytes, which anybody may send.</summary>
[FsCheck.NUnit.Properties(MaxTest = 300, QuietOnSuccess = true)]
public sealed partial class PeekLaws
{
    private delegate PeekResult Reader(ReadOnlySpan<byte> first);

    [FsCheck.NUnit.Property]
    public bool Tls_EveryPrefix_MoreUntilDone(int seed) => PrefixesAreMore(MakeHello(new(seed)), TlsPeek.Read);

    [FsCheck.NUnit.Property]
    public bool Http_EveryPrefix_MoreUntilDone(int seed) => PrefixesAreMore(MakeHead(new(seed)), HttpPeek.Read);

    [FsCheck.NUnit.Property]
    public bool Tls_Mutated_NoBadLabel(int seed) =>
        IsSound(TlsPeek.Read(Mutate(MakeHello(new(seed)), new(~seed))));

    [FsCheck.NUnit.Property]
    public bool Http_Mutated_NoBadLabel(int seed) =>
        IsSound(HttpPeek.Read(Mutate(MakeHead(new(seed)), new(~seed))));

    [FsCheck.NUnit.Property]
    public bool Any_RandomBytes_NoBadLabel(byte[] bytes) =>
        IsSound(TlsPeek.Read(bytes)) && IsSound(HttpPeek.Read(bytes))
        && IsSound(TlsPeek.Read([22, 3, 1, .. Hello.Long([1, 0, .. Hello.Long(bytes)])]))
        && IsSound(HttpPeek.Read([.. "GET / HTTP/1.1\r\nHost: "u8, .. bytes, .. "\r\n\r\n"u8]));

    [FsCheck.NUnit.Property(MaxTest = 20)]
    public bool Any_ManyRandomBytes_EndInBoundedTime(int seed)
    {
        byte[] bytes = new byte[1024 * 1024];
        new Random(seed).NextBytes(bytes);
        // Records of one byte, each of them the worst there is to walk.
        for (int i = 0; i + 6 <= bytes.Length; i += 6)
        {
            ((ReadOnlySpan<byte>)[22, 3, 1, 0, 1, (byte)(i == 0 ? 1 : 0)]).CopyTo(bytes.AsSpan(i));
        }

        long start = Environment.TickCount64;
        bool isSound = IsSound(TlsPeek.Read(bytes)) && IsSound(HttpPeek.Read(bytes));
        return isSound && Environment.TickCount64 - start < 2000;
    }

    private static bool PrefixesAreMore(byte[] whole, Reader read) =>
        read(whole) is { Status: PeekStatus.Done } done && IsSound(done)
        && Enumerable.Range(0, whole.Length)
            .All(length => read(whole.AsSpan(0, length)) is { Status: PeekStatus.More, Labels.IsEmpty: true });

    private static bool IsSound(PeekResult result) =>
        (result.Status == PeekStatus.Done || result.Labels.IsEmpty)
        && result.Labels.Labels.All(label => label.Key switch
        {
            "tls_server_name" => HostPattern().IsMatch(label.Value) && label.Value.Length <= 253,
            "http_host" => HostPattern().IsMatch(label.Value) || AddressPattern().IsMatch(label.Value),
            "tls_alpn" => label.Value.Length is > 0 and < 256 && label.Value.All(c => c is > ' ' and <= '~'),
            _ => false,
        });

    private static byte[] MakeHello(Random random)
    {
        List<byte[]> extensions = [Hello.Extension(43, [2, 3, 4])];
        if (random.Next(4) > 0)
        {
            extensions.Add(Hello.ServerName(Name(random)));
        }

        if (random.Next(4) > 0)
        {
            extensions.Add(Hello.Alpn([.. Enumerable.Range(0, random.Next(1, 4)).Select(i => $"p{i}")]));
        }

        byte[] padding = new byte[random.Next(300)];
        random.NextBytes(padding);
        extensions.Add(Hello.Extension(21, padding));
        byte[][] shuffled = [.. extensions];
        random.Shuffle(shuffled);
        var hello = new Hello { Extensions = shuffled, SessionId = new byte[random.Next(33)] };
        return hello.Records([.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(1, 200))]);
    }

    private static byte[] MakeHead(Random random)
    {
        List<string> fields = [$"Host:{(random.Next(2) == 0 ? " " : "")}{Name(random)}:{random.Next(65536)}"];
        for (int i = random.Next(5); i > 0; i--)
        {
            fields.Add($"X-{i}: {new string('v', random.Next(60))}");
        }

        string[] shuffled = [.. fields];
        random.Shuffle(shuffled);
        return Encoding.ASCII.GetBytes($"GET /{random.Next()} HTTP/1.1\r\n{string.Join("\r\n", shuffled)}\r\n\r\n");
    }

    private static string Name(Random random) => string.Join(
        '.',
        Enumerable.Range(0, random.Next(1, 4)).Select(_ => new string("aZ0_-"[random.Next(5)], random.Next(1, 20))));

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    [GeneratedRegex(@"\A[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\z")]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A\[[0-9a-f:.]+\]\z")]
    private static partial Regex AddressPattern();
}
