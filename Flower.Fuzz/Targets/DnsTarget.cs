// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Names;

namespace Flower.Fuzz.Targets;

/// <summary>What a program in a box sends to its name server.</summary>
internal static class DnsTarget
{
    public static void Run(byte[] input)
    {
        var names = new SyntheticNames(TimeProvider.System, hasIPv6: true);
        byte[] answer = new byte[DnsMessage.MaxAnswerBytes];
        int length = DnsMessage.Answer(input, names, answer);
        bool isSilent = input.Length < 2 || (input.Length > 2 && input[2] > 127);
        BrokenException.Unless(isSilent == (length == 0), "an answer to an answer, or none to a question");
        if (length == 0)
        {
            return;
        }

        BrokenException.Unless(length is >= DnsMessage.HeaderBytes and <= DnsMessage.MaxAnswerBytes, "an answer of a wrong length");
        BrokenException.Unless(answer.AsSpan(0, 2).SequenceEqual(input.AsSpan(0, 2)), "an answer to somebody else");
        BrokenException.Unless((answer[2] & 0x80) != 0 && (answer[2] & 0x06) == 0, "no answer, or one that is cut");
        byte[] again = new byte[DnsMessage.MaxAnswerBytes];
        BrokenException.Unless(
            DnsMessage.Answer(input, names, again) == length && again.AsSpan().SequenceEqual(answer),
            "the same question is answered otherwise");
        BrokenException.Unless(DnsMessage.Answer(answer.AsSpan(0, length), names, again) == 0, "an answer is answered");
    }
}
