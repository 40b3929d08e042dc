// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Run.Agent;
using Flower.Run.Box;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>The values of --publish and --bwrap.</summary>
internal sealed class BoxOptionTests
{
    [TestCase("80=service=www", 80, "service=www")]
    [TestCase("65535=a=1 +b", 65535, "a=1 +b")]
    [TestCase("1={\"a\":\"x\",\"+b\":null}", 1, "a=x +b")]
    public void Publish_PortAndLabels_AreRead(string text, int port, string labels)
    {
        PublishedPort published = PublishedPort.Parse(text);

        Assert.That(published.Port, Is.EqualTo(port));
        Assert.That(published.Labels.ToString(), Is.EqualTo(labels));
    }

    [TestCase("")]
    [TestCase("80")]
    [TestCase("80=")]
    [TestCase("80= ")]
    [TestCase("0=a=1")]
    [TestCase("65536=a=1")]
    [TestCase("-1=a=1")]
    [TestCase(" 80=a=1")]
    [TestCase("http=a=1")]
    public void Publish_SomethingElse_SaysWhatToWrite(string text) => Assert.That(
        () => PublishedPort.Parse(text),
        Throws.TypeOf<ToolException>().With.Message.Contain("PORT=LABELS").And.Property("Code").EqualTo(ExitCodes.Usage));

    [TestCase("80=a")]
    [TestCase("80=a=1 a=2")]
    public void Publish_NoLabels_SaysWhichOption(string text) => Assert.That(
        () => PublishedPort.Parse(text),
        Throws.TypeOf<ToolException>().With.Message.StartWith("--publish 80: ").And.InnerException.TypeOf<LabelException>());

    [TestCase("--tmpfs /home --remount-ro /")]
    [TestCase("--setenv A B --clearenv --symlink a /b")]
    [TestCase("  --new-session ")]
    public void Bwrap_OptionsAboutFilesAndTheLike_ArePassedOn(string text) => Assert.That(
        BubblewrapOptions.Parse(text), Is.EqualTo(text.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [TestCase("--share-net", "--share-net is not one of")]
    [TestCase("--tmpfs /home --cap-add ALL", "--cap-add is not one of")]
    [TestCase("/home", "/home is not one of")]
    [TestCase("--tmpfs", "--tmpfs needs a value")]
    [TestCase("--bind /a", "--bind needs two values")]
    [TestCase("--args 3", "--args is not one of")]
    public void Bwrap_OthersOrTooFewValues_AreRefused(string text, string why) => Assert.That(
        () => BubblewrapOptions.Parse(text),
        Throws.TypeOf<ToolException>().With.Message.Contain(why).And.Property("Code").EqualTo(ExitCodes.Usage));
}
