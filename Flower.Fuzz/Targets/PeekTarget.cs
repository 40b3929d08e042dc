// SPDX-License-Identifier: BSD-2-Clause
using Flower.Ingress.Peek;

namespace Flower.Fuzz.Targets;

/// <summary>The first bytes of a connection, which anybody may send: TLS and HTTP.</summary>
internal static class PeekTarget
{
    private delegate PeekResult Reader(ReadOnlySpan<byte> first);

    public static void Tls(byte[] input) => Check(input, TlsPeek.Read);

    public static void Http(byte[] input) => Check(input, HttpPeek.Read);

    private static void Check(byte[] input, Reader read)
    {
        PeekResult whole = read(input);
        BrokenException.Unless(whole.Status == PeekStatus.Done || whole.Labels.IsEmpty, "labels of what is not done");
        foreach ((string key, string value) in whole.Labels.Labels)
        {
            bool isGood = value.Length is > 0 and <= 255 && key switch
            {
                "tls_server_name" or "http_host" => value.All(c => c is > ' ' and < '\x7f' and not (>= 'A' and <= 'Z')),
                "tls_alpn" => value.All(c => c is > ' ' and <= '~'),
                _ => false,
            };
            BrokenException.Unless(isGood, "a label of a kind that is never read");
        }

        // More bytes never change what was decided, and no shorter piece is decided otherwise.
        for (int length = 0; length < input.Length; length += 1 + (input.Length / 64))
        {
            PeekResult piece = read(input.AsSpan(0, length));
            BrokenException.Unless(
                piece.Status == PeekStatus.More
                    || (piece.Status == whole.Status && piece.Labels.Equals(whole.Labels)),
                $"{length} bytes are {piece.Status}, and all {input.Length} are {whole.Status}");
        }
    }
}
