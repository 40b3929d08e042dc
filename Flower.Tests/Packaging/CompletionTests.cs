// SPDX-License-Identifier: BSD-2-Clause
using Flower.Tests.EndToEnd;
using Flower.Tests.Repository;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>What the shells propose: made from the program, and asked of the shells themselves.</summary>
public sealed class CompletionTests
{
    private const string Bash = "packaging/completions/flower.bash";
    private const string Zsh = "packaging/completions/_flower";
    private const string Fish = "packaging/completions/flower.fish";

    // Asks bash as its Tab key does: the words of the line, the last of which is begun.
    private const string AskBash = """
        source "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _flower && printf '%s\n' "${COMPREPLY[@]}"
        """;

    [Test]
    public void Files_All_AreMadeFromTheProgram() => Assert.Multiple(() =>
    {
        GeneratedFile.Check(Bash, BashCompletion.Of(CommandTree.Create()));
        GeneratedFile.Check(Zsh, ZshCompletion.Of(CommandTree.Create()));
        GeneratedFile.Check(Fish, FishCompletion.Of(CommandTree.Create()));
    });

    [TestCase("cat connect connections", "flower", "c")]
    [TestCase("accept --help", "flower", "ingress", "")]
    [TestCase("weighted", "flower", "cat", "--balance", "w")]
    [TestCase("--listen", "flower", "cat", "--li")]
    [TestCase("--peek --peek-timeout --peek-bytes", "flower", "ingress", "accept", "--peek")]
    public async Task Bash_WordThatIsBegun_ProposesTheRest(string expected, params string[] words) =>
        Assert.That(await LinesAsync("bash", ["-c", AskBash, "bash", File(Bash), .. words]), Is.EqualTo(expected.Split(' ')));

    [Test]
    public async Task Bash_AfterTheDashes_ProposesCommands() => Assert.That(
        await LinesAsync("bash", ["-c", AskBash, "bash", File(Bash), "flower", "serve", "a=1", "--", "print"]),
        Does.Contain("printf"));

    [TestCase("flower c", "cat connect connections")]
    [TestCase("flower ingress ", "accept")]
    [TestCase("flower cat --balance w", "weighted")]
    [TestCase("flower ingress accept --require", "--require-peek")]
    public async Task Fish_WordThatIsBegun_ProposesTheRest(string line, string expected)
    {
        string[] proposed = await LinesAsync("fish", ["--no-config", "-c", $"source '{File(Fish)}'; complete -C '{line}'"]);
        Assert.That(proposed.Select(proposal => proposal.Split('\t')[0]), Is.EqualTo(expected.Split(' ')));
    }

    [Test]
    public async Task Zsh_Whole_IsUnderstood()
    {
        // That it parses, and that each function is there: asking would take a terminal.
        string names = "_flower _flower_cat _flower_ingress _flower_ingress_accept _flower_resolver_dns";
        string script = $"autoload -U compinit && compinit -u -D && source '{File(Zsh)}' 2>/dev/null; "
            + "print -l ${(ok)functions[(I)_flower*]}";
        string[] functions = await LinesAsync("zsh", ["-f", "-c", script]);
        Assert.That(functions, Is.SupersetOf(names.Split(' ')));
    }

    private static string File(string path) => Path.Combine(RepositoryFiles.Root, path);

    private static async Task<string[]> LinesAsync(string shell, string[] args)
    {
        await using FlowerProcess process = FlowerProcess.Start(Programs.Require(shell), args);
        Assert.That(await process.ExitAsync(), Is.Zero, process.Error.ToString());
        return [.. process.Out.Lines];
    }
}
