// SPDX-License-Identifier: BSD-2-Clause
using System.Security.Cryptography;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>OpenSSH over the board: <c>flower serve</c> runs sshd, and ssh takes the socket it is passed.</summary>
public sealed class OpenSshTests : EndToEndTest
{
    private const int FiftyMegabytes = 50_000_000;

    private string Config => Path.Combine(Board.Folder, "sshd_config");

    private string Key => Path.Combine(Board.Folder, "user");

    [Test]
    public async Task Ssh_ProxyUseFdpass_RunsACommandAndCopiesFiftyMegabytes()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("sshd logs its user in, which only root may");
        }

        string ssh = Programs.Require("ssh"), scp = Programs.Require("scp");
        await StartServerAsync(Programs.Require("sshd"));

        FlowerProcess command = Board.Program(ssh, [.. Options, "root@board", "echo $((6 * 7)); cat >&2; exit 3"]);
        await command.WriteLineAsync("input too");
        command.CloseInput();
        Assert.That(await command.ExitAsync(), Is.EqualTo(3), command.Error.ToString());
        Assert.That(command.Out.Lines, Is.EqualTo(new[] { "42" }));
        Assert.That(command.Error.Lines, Does.Contain("input too"));

        string there = Path.Combine(Board.Folder, "there"), back = Path.Combine(Board.Folder, "back");
        string original = Path.Combine(Board.Folder, "original");
        byte[] data = new byte[FiftyMegabytes];
        new Random(3).NextBytes(data);
        await File.WriteAllBytesAsync(original, data);
        FlowerProcess up = Board.Program(scp, [.. Options, original, $"root@board:{there}"]);
        Assert.That(await up.ExitAsync(), Is.Zero, up.Error.ToString());
        FlowerProcess down = Board.Program(scp, [.. Options, $"root@board:{there}", back]);
        Assert.That(await down.ExitAsync(), Is.Zero, down.Error.ToString());

        string hash = Convert.ToHexString(SHA256.HashData(data));
        Assert.That(await HashAsync(there), Is.EqualTo(hash));
        Assert.That(await HashAsync(back), Is.EqualTo(hash));
    }

    private string[] Options =>
    [
        "-F", "none", "-i", Key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-o", $"UserKnownHostsFile={Path.Combine(Board.Folder, "known")}", "-o", "StrictHostKeyChecking=no",
        "-o", "LogLevel=ERROR", "-o", "ProxyUseFdpass=yes",
        "-o", $"ProxyCommand={Programs.Flower} connect --fdpass service=ssh",
    ];

    private async Task StartServerAsync(string sshd)
    {
        string host = Path.Combine(Board.Folder, "host"), keys = Path.Combine(Board.Folder, "authorized_keys");
        await MakeKeyAsync(host);
        await MakeKeyAsync(Key);
        File.Copy(Key + ".pub", keys);
        File.SetUnixFileMode(Board.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllLinesAsync(
            Config,
            [
                $"HostKey {host}", $"AuthorizedKeysFile {keys}", "PidFile none", "UsePAM no", "StrictModes no",
                "PermitRootLogin prohibit-password", "PasswordAuthentication no", "Subsystem sftp internal-sftp",
            ]);

        // Where sshd locks itself in before the login; Debian's service makes it.
        Directory.CreateDirectory("/run/sshd");
        await Board.FlowerReadyAsync("serve", "service=ssh", "--", sshd, "-i", "-e", "-f", Config);
    }

    private async Task MakeKeyAsync(string path)
    {
        FlowerProcess keygen = Board.Program(
            Programs.Require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path);
        Assert.That(await keygen.ExitAsync(), Is.Zero, keygen.Error.ToString());
    }

    private static async Task<string> HashAsync(string path)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexString(await SHA256.HashDataAsync(file));
    }
}
