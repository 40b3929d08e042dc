// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.ProxyProtocol;

namespace Flower.Ingress.Peek;

/// <summary>
/// Decides about a connection by its first bytes. Pure: no socket, no clock. What is malformed, too large or too slow
/// has no label, and is let in without one unless a label is required; a connection that lacks its PROXY header is
/// refused in any case, since nobody knows whose it is.
/// </summary>
internal sealed class FirstBytesPolicy(FirstBytesOptions options)
{
    // The content type of a TLS handshake record (RFC 8446, 5.1), with which no HTTP request begins.
    private const byte TlsHandshake = 0x16;

    /// <summary>Where a connection begins.</summary>
    public FirstBytesStage First => options.ProxyHeader ? FirstBytesStage.ProxyHeader : FirstBytesStage.Peek;

    /// <summary>How many bytes must fit into the buffer.</summary>
    public int BufferBytes =>
        Math.Max(options.MaxBytes, options.ProxyHeader ? ProxyHeaderReader.MaxBytes : 0);

    /// <summary>
    /// How many bytes may be looked at in all, over and over as they arrive. Someone who sends single bytes makes each
    /// look longer than the one before: this bounds the sum.
    /// </summary>
    public long MaxWork => 256L * BufferBytes;

    /// <summary>Judges all bytes that have arrived and were not consumed.</summary>
    /// <param name="stage">What they are.</param>
    /// <param name="bytes">At most <see cref="BufferBytes"/>.</param>
    /// <param name="ended">No more will come.</param>
    public FirstBytesStep Judge(FirstBytesStage stage, ReadOnlySpan<byte> bytes, bool ended)
    {
        FirstBytesStep step = stage == FirstBytesStage.ProxyHeader ? JudgeHeader(bytes) : JudgePeek(bytes);
        return ended && step is FirstBytesStep.More ? GiveUp(stage, "it ended too early") : step;
    }

    /// <summary>No more is waited for.</summary>
    public FirstBytesStep GiveUp(FirstBytesStage stage, string why) =>
        stage == FirstBytesStage.ProxyHeader ? new FirstBytesStep.Refuse($"no PROXY header: {why}") : WithoutLabel(why);

    private static FirstBytesStep JudgeHeader(ReadOnlySpan<byte> bytes) =>
        ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out int length) switch
        {
            ProxyReadStatus.Done => new FirstBytesStep.Consume(length, header!),
            ProxyReadStatus.More when bytes.Length < ProxyHeaderReader.MaxBytes => FirstBytesStep.Await,
            ProxyReadStatus.More => new FirstBytesStep.Refuse("its PROXY header is too long"),
            _ => new FirstBytesStep.Refuse("it does not begin with a PROXY header"),
        };

    private FirstBytesStep JudgePeek(ReadOnlySpan<byte> bytes)
    {
        if (options.Protocols == PeekProtocols.None)
        {
            return new FirstBytesStep.Admit(LabelSet.Empty);
        }

        if (bytes.IsEmpty)
        {
            return FirstBytesStep.Await;
        }

        PeekResult result = Protocol(bytes[0]) == PeekProtocols.Tls ? TlsPeek.Read(bytes) : HttpPeek.Read(bytes);
        return result.Status switch
        {
            PeekStatus.Done when !result.Labels.IsEmpty => new FirstBytesStep.Admit(result.Labels),
            PeekStatus.Done => WithoutLabel("its first bytes have no label"),
            PeekStatus.More when bytes.Length < options.MaxBytes => FirstBytesStep.Await,
            PeekStatus.More => WithoutLabel("its first bytes are too many"),
            _ => WithoutLabel("its first bytes are malformed"),
        };
    }

    private PeekProtocols Protocol(byte first) => options.Protocols switch
    {
        PeekProtocols.Tls | PeekProtocols.Http => first == TlsHandshake ? PeekProtocols.Tls : PeekProtocols.Http,
        PeekProtocols one => one,
    };

    private FirstBytesStep WithoutLabel(string why) => options.RequireLabel
        ? new FirstBytesStep.Refuse($"{why}, and a label is required")
        : new FirstBytesStep.Admit(LabelSet.Empty);
}
