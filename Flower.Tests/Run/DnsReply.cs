// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using Flower.Run.Names;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>What <see cref="DnsMessage"/> answered, taken apart without its code.</summary>
internal sealed record DnsReply(int Flags, byte[] Question, int Type, int TimeToLive, byte[] Data, byte[] Opt)
{
    public int Code => Flags & 0xF;

    /// <summary>The answer to a message; null: none.</summary>
    public static DnsReply? To(byte[] message, SyntheticNames names)
    {
        byte[] buffer = new byte[DnsMessage.MaxAnswerBytes];
        int length = DnsMessage.Answer(message, names, buffer);
        return length == 0 ? null : Read(buffer.AsSpan(0, length), message);
    }

    public static DnsReply Read(ReadOnlySpan<byte> answer, byte[] message)
    {
        Assert.That(answer[..2].SequenceEqual(message.AsSpan(0, 2)), Is.True, "id");
        int flags = Two(answer[2..]);
        int[] counts = [Two(answer[4..]), Two(answer[6..]), Two(answer[8..]), Two(answer[10..])];
        Assert.That(counts, Has.All.AtMost(1));
        Assert.That(counts[2], Is.Zero, "authority");
        ReadOnlySpan<byte> rest = answer[12..];
        byte[] question = [];
        if (counts[0] == 1)
        {
            int length = NameLength(rest) + 4;
            question = rest[..length].ToArray();
            rest = rest[length..];
        }

        (int type, int timeToLive, byte[] data) = (0, 0, []);
        if (counts[1] == 1)
        {
            Assert.That(Two(rest), Is.EqualTo(0xC00C), "the record is that of the question");
            type = Two(rest[2..]);
            Assert.That(Two(rest[4..]), Is.EqualTo(1), "class");
            timeToLive = BinaryPrimitives.ReadInt32BigEndian(rest[6..]);
            data = rest.Slice(12, Two(rest[10..])).ToArray();
            rest = rest[(12 + data.Length)..];
        }

        byte[] opt = rest.ToArray();
        Assert.That(opt, Has.Length.EqualTo(11 * counts[3]), "nothing follows");
        return new(flags, question, type, timeToLive, data, opt);
    }

    private static int NameLength(ReadOnlySpan<byte> name)
    {
        int at = 0;
        while (name[at] != 0)
        {
            at += 1 + name[at];
        }

        return at + 1;
    }

    private static int Two(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
