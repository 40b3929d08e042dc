// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Run.Names;
using Flower.Tests.Run;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>Laws of the box's name server, which any program in the box may send anything.</summary>
[FsCheck.NUnit.Properties(MaxTest = 1000, QuietOnSuccess = true)]
public sealed class DnsMessageLaws
{
    private readonly SyntheticNames _names = new(TimeProvider.System, hasIPv6: true);

    [FsCheck.NUnit.Property]
    public void Answer_AnyBytes_SilenceOrAnAnswer(byte[] bytes) => Check(bytes);

    [FsCheck.NUnit.Property]
    public void Answer_HeaderAndAnyBytes_SilenceOrAnAnswer(byte questions, byte additional, byte[] bytes) =>
        Check(DnsQuery.Make(0x0100, [questions % 3, 0, 0, additional % 3], bytes));

    [FsCheck.NUnit.Property]
    public void Answer_MutatedQuestion_SilenceOrAnAnswer(int seed)
    {
        var random = new Random(seed);
        byte[] message = RandomQuestion(random);
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            message[random.Next(message.Length)] = (byte)random.Next(256);
        }

        Check(message[..random.Next(message.Length + 1)]);
    }

    [FsCheck.NUnit.Property]
    public void Answer_GoodQuestion_IsGivenBack(int seed)
    {
        byte[] message = RandomQuestion(new(seed));

        DnsReply reply = Check(message)!;

        Assert.That(reply.Code, Is.Not.EqualTo(1));
        Assert.That(message.AsSpan(12).StartsWith(reply.Question), Is.True);
        Assert.That(reply.Question, Is.Not.Empty);
        Assert.That(reply.Opt.Length > 0, Is.EqualTo(message[11] == 1));
    }

    [FsCheck.NUnit.Property]
    public void IsHost_AnyText_AsLabelsSay(string text)
    {
        foreach (string name in (string[])[text ?? "", (text ?? "") + ".a", "a." + text, "7." + text?.Length])
        {
            string[] labels = name.Split('.');
            bool expected = name.Length <= 253
                && labels.All(label => label.Length is > 0 and < 64
                    && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'))
                && !labels[^1].All(char.IsAsciiDigit);

            Assert.That(HostText.IsHost(Encoding.UTF8.GetBytes(name)), Is.EqualTo(expected), name);
        }
    }

    private DnsReply? Check(byte[] message)
    {
        byte[] buffer = new byte[DnsMessage.MaxAnswerBytes];
        int length = DnsMessage.Answer(message, _names, buffer);
        if (message.Length < 2 || (message.Length > 2 && message[2] > 127))
        {
            Assert.That(length, Is.Zero);
            return null;
        }

        Assert.That(length, Is.InRange(12, 512));
        // Its id is ours, and it ends where its records do.
        DnsReply reply = DnsReply.Read(buffer.AsSpan(0, length), message);
        Assert.That(reply.Flags & 0x8000, Is.Not.Zero, "a response");
        Assert.That(reply.Flags & 0x0620, Is.Zero, "AA, TC and AD");
        return reply;
    }

    private static byte[] RandomQuestion(Random random)
    {
        string name = string.Join('.', Enumerable.Range(0, random.Next(1, 5))
            .Select(_ => new string("aZ0_-\0\u00ff "[random.Next(8)], random.Next(1, 62))));
        string[] known = [name, "localhost", "a.invalid", "0.1.18.198.in-addr.arpa", "", "Db.Example"];
        int type = ((int[])[1, 28, 12, 15, random.Next(65536)])[random.Next(5)];
        string chosen = known[random.Next(known.Length)];
        return random.Next(2) == 0
            ? DnsQuery.Ask(chosen, type)
            : DnsQuery.AskWith(chosen, type, DnsQuery.Opt(random.Next(2), random.Next(2) == 0, new byte[random.Next(30)]));
    }
}
