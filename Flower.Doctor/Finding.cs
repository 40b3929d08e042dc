// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Doctor;

/// <summary>What one check has found.</summary>
/// <param name="Verdict">How it has ended.</param>
/// <param name="Check">Its name, one word.</param>
/// <param name="Text">What is there. May have words of others in it, which are made printable where they are printed.</param>
/// <param name="Advice">What to do, with what to type; null: nothing.</param>
internal sealed record Finding(Verdict Verdict, string Check, string Text, string? Advice = null)
{
    public static Finding Ok(string check, string text) => new(Verdict.Ok, check, text);

    public static Finding Warning(string check, string text, string? advice) => new(Verdict.Warning, check, text, advice);

    public static Finding Problem(string check, string text, string? advice) => new(Verdict.Problem, check, text, advice);
}
