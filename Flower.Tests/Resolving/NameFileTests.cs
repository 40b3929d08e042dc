// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Resolver.Static;
using NUnit.Framework;

namespace Flower.Tests.Resolving;

/// <summary>What is wrong with a file of names, said so that it can be printed.</summary>
internal sealed class NameFileTests
{
    [TestCase("""{ "names": { "a": [ { "labels": { "b": "\ud800" } } ] } }""")]
    [TestCase("""{ "names": { "\udfff": [] } }""")]
    [TestCase("""{ "time_to_live": "\ud800", "names": {} }""")]
    public void Read_HalfACharacter_IsAnError(string json)
    {
        (NameFile? file, IReadOnlyList<string> errors) = NameFileReader.Read(Encoding.UTF8.GetBytes(json));

        Assert.That(file, Is.Null);
        Assert.That(errors, Is.EqualTo(new[] { "a name or a text is not well-formed Unicode" }));
    }

    [TestCase("{ \u001b[31m }")]
    [TestCase("""{ "\u001b[31m": 1 }""")]
    [TestCase("""{ "names": { "\u0007": 1 } }""")]
    public void Read_ControlCharacter_ErrorIsPrintable(string json)
    {
        (_, IReadOnlyList<string> errors) = NameFileReader.Read(Encoding.UTF8.GetBytes(json));

        Assert.That(errors, Is.Not.Empty);
        Assert.That(errors.SelectMany(error => error).Where(char.IsControl), Is.Empty);
    }
}
