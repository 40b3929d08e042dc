// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>The files of a box with a network.</summary>
public sealed class FileTests : SharedBoardTest
{
    private string Shown { get; set; } = null!;

    [SetUp]
    public void MakeFiles()
    {
        Shown = Directory.CreateDirectory(NewPath()).FullName;
        File.WriteAllText(Path.Combine(Shown, "file"), "seen\n");
        File.WriteAllText(NewPath(), "not seen\n");
    }

    [TestCase("--bind", "written")]
    [TestCase("--ro-bind", "not written")]
    public async Task Files_Bound_AreShownAndOthersAreNot(string option, string written)
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, [option, Shown], "sh", "-c",
            $"cat {Shown}/file; ls {Board.Folder}; (: >{Shown}/new) 2>/dev/null && echo written || echo not written");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "seen", Path.GetFileName(Shown), written }));
        Assert.That(File.Exists(Path.Combine(Shown, "new")), Is.EqualTo(option == "--bind"));
    }

    [Test]
    public async Task Files_OptionsOfBubblewrap_ArePassedOn()
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, ["--bwrap", $"--tmpfs /mnt --ro-bind {Shown} /mnt/tulip --setenv FLOWER_OF_THE_DAY rose"],
            "sh", "-c", "ls /mnt; cat /mnt/tulip/file; echo $FLOWER_OF_THE_DAY");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "tulip", "seen", "rose" }));
    }

    [Test]
    public async Task Files_OfTheSwitchboard_AreHidden()
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, [], "python3", Programs.BoxProbe, "sockets", Board.Handle, Board.Admin);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { $"{Board.Handle} ENOENT", $"{Board.Admin} ENOENT" }));
    }
}
