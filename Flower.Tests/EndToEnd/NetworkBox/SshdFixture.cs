// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>A real sshd on a port of 127.0.0.1, in a folder of its own, that logs in its own user by a key.</summary>
internal sealed class SshdFixture : DaemonFixture
{
    private SshdFixture()
        : base("sshd")
    {
    }

    /// <summary>The user's private key: its text, since ssh takes only a file that is its user's own.</summary>
    public string Key => File.ReadAllText(PathOf("user"));

    public static Task<SshdFixture> StartAsync() => StartAsync(new SshdFixture());

    protected override async Task<(string Program, string[] Arguments, string Ready)> PrepareAsync()
    {
        string sshd = Programs.Require("sshd", "/usr/sbin");
        await MakeKeyAsync(PathOf("host"));
        await MakeKeyAsync(PathOf("user"));
        await File.WriteAllLinesAsync(
            PathOf("sshd_config"),
            [
                $"ListenAddress 127.0.0.1:{Port}", $"HostKey {PathOf("host")}",
                $"AuthorizedKeysFile {PathOf("user.pub")}", "PidFile none", "UsePAM no", "StrictModes no",
                "PermitRootLogin prohibit-password", "PasswordAuthentication no",
            ]);

        // Where sshd locks itself in before the login; Debian's service makes it.
        Directory.CreateDirectory("/run/sshd");
        return (sshd, ["-D", "-e", "-f", PathOf("sshd_config")], "Server listening on 127.0.0.1");
    }

    private static async Task MakeKeyAsync(string path)
    {
        await using FlowerProcess keygen = FlowerProcess.Start(
            Programs.Require("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path]);
        Assert.That(await keygen.ExitAsync(), Is.Zero, keygen.Error.ToString());
    }

    private string PathOf(string name) => Path.Combine(Folder.FullName, name);
}
