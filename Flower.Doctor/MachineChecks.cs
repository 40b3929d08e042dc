// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Doctor;

/// <summary>What this machine, and this process's place on it, has for Flower. None of it is a problem: only parts need it.</summary>
internal static class MachineChecks
{
    private const int FewDescriptors = 1024;

    // The programs that boxes are made of, with Debian's package that has each.
    private static readonly (string Program, string Package, string Use)[] Programs =
    [
        ("bwrap", "bubblewrap", "flower run --no-network and --box"),
        ("nft", "nftables", "flower run --box"),
        ("ip", "iproute2", "flower run --box"),
        ("unshare", "util-linux", "flower run --box"),
    ];

    public static IEnumerable<Finding> Run(IReadOnlyList<KernelFeature> features) =>
        [Descriptors(DescriptorLimit.Value), .. Kernel(features), Namespaces(ReadSetting, Environment.IsPrivilegedProcess), .. Boxes()];

    /// <summary>What the kernel has in one line, and what it lacks in one line each.</summary>
    public static IEnumerable<Finding> Kernel(IReadOnlyList<KernelFeature> features)
    {
        const string check = "kernel";
        ILookup<bool, KernelFeature> split = features.ToLookup(feature => feature.IsThere());
        string version = Environment.OSVersion.Version.ToString();
        yield return Finding.Ok(
            check, split[true].Any() ? $"Linux {version}: {string.Join(", ", split[true].Select(f => f.Name))}" : $"Linux {version}");
        foreach (KernelFeature missing in split[false])
        {
            yield return Finding.Warning(
                check, $"no {missing.Name}: {missing.Without}",
                $"Linux {missing.Since} has it, where no sandbox forbids it");
        }
    }

    /// <summary>Whether an ordinary user may make user namespaces, of which boxes are made.</summary>
    /// <param name="setting">Reads a number below /proc/sys; null: there is no such setting.</param>
    /// <param name="isRoot">Whether this process may do more than an ordinary user.</param>
    public static Finding Namespaces(Func<string, long?> setting, bool isRoot)
    {
        const string check = "user-namespaces";
        if (setting("user/max_user_namespaces") == 0)
        {
            return Blocked(check, "user.max_user_namespaces is 0", "sysctl user.max_user_namespaces=10000");
        }

        if (!isRoot && setting("kernel/unprivileged_userns_clone") == 0)
        {
            return Blocked(check, "kernel.unprivileged_userns_clone is 0", "sysctl kernel.unprivileged_userns_clone=1");
        }

        if (!isRoot && setting("kernel/apparmor_restrict_unprivileged_userns") == 1)
        {
            return Blocked(
                check, "kernel.apparmor_restrict_unprivileged_userns is 1",
                "give bwrap and flower an AppArmor profile with userns, or: "
                + "sysctl kernel.apparmor_restrict_unprivileged_userns=0");
        }

        return File.Exists("/proc/self/ns/user")
            ? Finding.Ok(check, "nothing keeps boxes from being made")
            : Blocked(check, "this kernel has none, or /proc is not mounted", null);
    }

    /// <summary>How many descriptors this process may have.</summary>
    public static Finding Descriptors(long limit)
    {
        const string check = "descriptors";
        return limit >= FewDescriptors
            ? Finding.Ok(check, string.Create(CultureInfo.InvariantCulture, $"this process may have {limit}"))
            : Finding.Warning(
                check, string.Create(CultureInfo.InvariantCulture, $"this process may have {limit} only"), "ulimit -n 4096");
    }

    private static Finding Blocked(string check, string why, string? advice) =>
        Finding.Warning(check, $"{why}: flower run --no-network and --box cannot make a box", advice);

    private static IEnumerable<Finding> Boxes()
    {
        foreach ((string program, string package, string use) in Programs)
        {
            yield return SystemProgram.Find(program) is { } path
                ? Finding.Ok(program, path)
                : Finding.Warning(program, $"not found: {use} needs it", $"apt install {package}");
        }
    }

    private static long? ReadSetting(string name)
    {
        try
        {
            return long.TryParse(
                File.ReadAllText($"/proc/sys/{name}").Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out long value) ? value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
