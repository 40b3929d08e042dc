// SPDX-License-Identifier: BSD-2-Clause
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>
/// Which descriptors this process has open, by kind. What a test opened must be closed again soon after it, by whoever
/// owned it: the garbage collector is not asked to help.
/// </summary>
internal sealed partial class DescriptorLedger
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SortedDictionary<string, int> _before = Count();

    /// <summary>Fails when more sockets, pipes, epolls or pidfds are open than when this object was made.</summary>
    public void AssertBalanced()
    {
        string excess = "";
        bool balanced = SpinWait.SpinUntil(() => (excess = Excess()).Length == 0, Patience);
        Assert.That(balanced, Is.True, $"descriptors leaked: {excess}");
    }

    /// <summary>The inode of the file that a number stands for, as /proc says it: "socket:[12345]".</summary>
    public static string FileOf(nint number) => File.ResolveLinkTarget($"/proc/self/fd/{number}", false)!.Name;

    private static SortedDictionary<string, int> Count()
    {
        var count = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            // Regular files come and go with the runtime's own needs, and are never handed over.
            string? target = new FileInfo(entry).LinkTarget;
            if (target is not null && Kind().Match(target) is { Success: true } kind)
            {
                count[kind.Value] = count.GetValueOrDefault(kind.Value) + 1;
            }
        }

        return count;
    }

    private string Excess() => string.Join(
        ", ",
        Count().Where(now => now.Value > _before.GetValueOrDefault(now.Key))
            .Select(now => $"{now.Value - _before.GetValueOrDefault(now.Key)} of {now.Key}"));

    [GeneratedRegex(@"^(socket|pipe|anon_inode):\[?\D*")]
    private static partial Regex Kind();
}
