// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Names;
using NUnit.Framework;
using static Flower.Tests.Run.DnsQuery;

namespace Flower.Tests.Run;

/// <summary>The form of messages: headers, EDNS, and what is malformed.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DnsMessageFormTests
{
    private const int Good = 0x8180;
    private const int FormatError = Good | 1;

    private readonly SyntheticNames _names = new(TimeProvider.System, hasIPv6: true);

    [Test]
    public void Answer_ItsOwnAnswer_IsSilence()
    {
        byte[] answer = new byte[DnsMessage.MaxAnswerBytes];
        int length = DnsMessage.Answer(Ask("a.example"), _names, answer);

        Assert.That(DnsReply.To(answer[..length], _names), Is.Null);
        Assert.That(DnsReply.To([1, 2, 0x80], _names), Is.Null);
    }

    [TestCase(0)]
    [TestCase(1)]
    public void Answer_NoId_IsSilence(int length) => Assert.That(DnsReply.To(Ask("a")[..length], _names), Is.Null);

    [Test]
    public void Answer_EveryPrefixWithAnId_IsMalformed()
    {
        byte[] message = AskWith("a.example", A, Opt());
        for (int length = 2; length < message.Length; length++)
        {
            DnsReply reply = DnsReply.To(message[..length], _names)!;
            Assert.That(reply.Flags, Is.EqualTo(length > 2 ? FormatError : FormatError & ~RecursionDesired), $"{length}");
            Assert.That(reply.Question, Is.Empty, $"{length}");
        }

        Assert.That(DnsReply.To(message, _names)!.Flags, Is.EqualTo(Good));
        Assert.That(DnsReply.To([.. message, 0], _names)!.Flags, Is.EqualTo(FormatError), "something follows");
    }

    [TestCase(0, 0, 0, 0)]
    [TestCase(2, 0, 0, 0)]
    [TestCase(1, 1, 0, 0)]
    [TestCase(1, 0, 1, 0)]
    [TestCase(1, 0, 0, 1)]
    public void Answer_OtherCounts_IsMalformed(params int[] counts) =>
        Assert.That(DnsReply.To(Make(RecursionDesired, counts, Question("a", A)), _names)!.Flags, Is.EqualTo(FormatError));

    [TestCase(0xC0, 0x0C)]
    [TestCase(0xC0, 0x00)]
    [TestCase(0x41, 0x00)]
    [TestCase(0x80, 0x00)]
    public void Answer_PointerOrOtherLabelInTheQuestion_IsMalformed(byte first, byte second)
    {
        byte[] message = Make(RecursionDesired, [1, 0, 0, 0], [1, (byte)'a', first, second, 0, 1, 0, 1]);

        Assert.That(DnsReply.To(message, _names)!.Flags, Is.EqualTo(FormatError));
    }

    [TestCase(3)]
    [TestCase(254)]
    [TestCase(255)]
    public void Answer_ClassOtherThanInternet_IsRefused(int other)
    {
        byte[] question = Question("a.example", A, other);

        DnsReply reply = DnsReply.To(Make(RecursionDesired, [1, 0, 0, 0], question), _names)!;

        Assert.That(reply.Flags, Is.EqualTo(Good | 5));
        Assert.That(reply.Question, Is.EqualTo(question));
    }

    [TestCase(1)]
    [TestCase(4)]
    [TestCase(5)]
    [TestCase(15)]
    public void Answer_OtherOperation_IsNotImplemented(int opcode)
    {
        DnsReply reply = DnsReply.To(Make(opcode << 11, [1, 0, 0, 0], Question("a", A)), _names)!;

        Assert.That(reply.Flags, Is.EqualTo(0x8080 | (opcode << 11) | 4));
        Assert.That(reply.Question, Is.Empty);
    }

    [Test]
    public void Answer_AllFlags_GivesBackThoseThatAreTheAskers()
    {
        // AA, TC, RD; RA, Z, AD, CD, and a code.
        DnsReply reply = DnsReply.To(Make(0x07FF, [1, 0, 0, 0], Question("a", A)), _names)!;

        Assert.That(reply.Flags, Is.EqualTo(Good | 0x0010), "RD and CD");
        Assert.That(DnsReply.To(Make(0, [1, 0, 0, 0], Question("a", A)), _names)!.Flags, Is.EqualTo(0x8080));
    }

    [Test]
    public void Answer_Edns_IsAnsweredWithEdns()
    {
        DnsReply reply = DnsReply.To(AskWith("a.example", A, Opt(0, false, 0, 10, 0, 2, 1, 2)), _names)!;

        Assert.That(reply.Data, Has.Length.EqualTo(4));
        Assert.That(reply.Opt, Is.EqualTo(new byte[] { 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0 }));
        Assert.That(DnsReply.To(AskWith("a.example", A, Opt(dnssecOk: true)), _names)!.Opt[7], Is.EqualTo(0x80));
        Assert.That(DnsReply.To(AskWith("a.invalid", A, Opt()), _names)!.Opt, Is.Not.Empty);
        Assert.That(DnsReply.To(Ask("a.example"), _names)!.Opt, Is.Empty);
    }

    [Test]
    public void Answer_LaterEdns_IsABadVersion()
    {
        DnsReply reply = DnsReply.To(AskWith("a.example", A, Opt(version: 1)), _names)!;

        Assert.That((reply.Flags, reply.Type), Is.EqualTo((Good, 0)));
        Assert.That(reply.Opt, Is.EqualTo(new byte[] { 0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0 }));
        Assert.That(_names.Count, Is.Zero);
    }

    [Test]
    public void Answer_RecordsAroundEdns_ArePassedOver()
    {
        byte[] signature = [.. Name("key.example"), .. Two(250), .. Two(255), 0, 0, 0, 0, .. Two(3), 1, 2, 3];
        byte[] pointing = [0xC0, 0x0C, .. Two(16), .. Two(1), 0, 0, 0, 0, .. Two(0)];

        DnsReply reply = DnsReply.To(AskWith("a.example", A, pointing, Opt(), signature), _names)!;

        Assert.That(reply.Flags, Is.EqualTo(Good));
        Assert.That(reply.Opt, Is.Not.Empty);
    }

    [Test]
    public void Answer_TwoOptsOrOneElsewhere_IsMalformed()
    {
        byte[] elsewhere = [1, (byte)'a', .. Opt()];

        Assert.That(DnsReply.To(AskWith("a", A, Opt(), Opt()), _names)!.Flags, Is.EqualTo(FormatError));
        Assert.That(DnsReply.To(AskWith("a", A, elsewhere), _names)!.Flags, Is.EqualTo(FormatError));
    }
}
