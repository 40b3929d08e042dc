// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Documentation;

/// <summary>A page that is right passes, and one that is wrong does not, with a message that says where and how.</summary>
[Category("EndToEnd")]
internal sealed class PageRunnerTests
{
    // Each @ is a line of three backticks: the first opens a console.
    private const string Right = """
        # A page

        @console
        $ mkdir -p ~/page && cd ~/page
        $ printf 'one\ntwo 2\nthree\n'
        one
        two ...
        three
        @

        Save this as `~/page/file`:

        @
        from the page
        @

        **Terminal 2.** What stays:

        @console
        $ cat - ~/page/file
        > typed
        typed
        ^D
        from the page
        @

        **Terminal 1.** And what is stopped:

        @console
        $ sh -c 'echo begun; exec sleep 1000'
        begun
        @

        **Terminal 2.**

        @console
        $ seq 100
        1
        ...
        99
        ...
        @

        **Terminal 1.**

        @console
        ^C
        $ false || echo failed
        failed
        @
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // For what never comes; long enough for what does.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    [SetUp]
    public void OnlyRoot()
    {
        if (Syscall.geteuid() != 0)
        {
            Assert.Ignore("only root can make the namespaces and the account of a page's reader");
        }
    }

    [Test]
    public async Task Run_RightPage_IsRight() => Assert.That(await RunAsync(Right, Limit), Is.Null);

    [TestCase("one", "eins", "page.md:5: terminal 1: printf", TestName = "Run_AnotherLine_IsWrong")]
    [TestCase("two ...\n", "", "page.md:5: terminal 1: printf", TestName = "Run_ALineMissing_IsWrong")]
    [TestCase("three\n", "", "besides what is shown, it printed\n  three", TestName = "Run_ALineTooMuch_IsWrong")]
    [TestCase("three\n", "three\nfour\n", "it ended with 0 and printed", TestName = "Run_ALineThatNeverComes_IsWrong")]
    [TestCase("mkdir -p ~/page", "test -e ~/page", "page.md:4: terminal 1: test", TestName = "Run_SilentFailure_IsWrong")]
    [TestCase("> typed", "> other", "page.md:21: terminal 2: other", TestName = "Run_OtherAnswer_IsWrong")]
    [TestCase("from the page\n@", "other\n@", "page.md:23: terminal 2: ^D", TestName = "Run_OtherFile_IsWrong")]
    public async Task Run_WrongPage_SaysWhere(string right, string wrong, string message)
    {
        int at = Right.IndexOf(right, StringComparison.Ordinal);
        string changed = string.Concat(Right.AsSpan(0, at), wrong, Right.AsSpan(at + right.Length));
        string? said = await RunAsync(changed, Short);
        Assert.That(said, Does.Contain(message));
    }

    [Test]
    public async Task Run_WhatStaysIsNeverStopped_IsWrong()
    {
        string? said = await RunAsync(Right.Replace("^C\n", "", StringComparison.Ordinal), Short);
        Assert.That(said, Does.StartWith("page.md:30: terminal 1: sh").And.Contains("within 5 s it did not end"));
    }

    [Test]
    public async Task Run_SilentAndNeitherEndedNorReady_IsWrong()
    {
        string? said = await RunAsync(Right.Replace("echo begun; ", "", StringComparison.Ordinal)
            .Replace("begun\n", "", StringComparison.Ordinal), Short);
        Assert.That(said, Does.StartWith("page.md:30: terminal 1: sh").And.Contains("neither ended nor said READY=1"));
    }

    [Test]
    public void Read_BlockWithoutEnd_Throws() => Assert.That(
        () => Page.Read("page.md", "text\n\n```console\n$ true\n"),
        Throws.TypeOf<FormatException>().With.Message.EqualTo("page.md:3: this block has no end"));

    private static async Task<string?> RunAsync(string text, TimeSpan limit)
    {
        await using var terminals = new Terminals();
        var page = Page.Read("page.md", text.Replace("@", "```", StringComparison.Ordinal));
        return await new PageRunner(page, terminals, limit).RunAsync();
    }
}
