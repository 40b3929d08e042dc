// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using Flower.Client;

namespace Flower.Doctor;

/// <summary>
/// All checks, each finding as soon as it is there: first the way to the switchboard, one step after the other until one
/// fails; then the switchboard itself; then this machine, whatever came before.
/// </summary>
internal static class Examination
{
    // A switchboard answers within milliseconds, and a busy one within a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async IAsyncEnumerable<Finding> RunAsync(
        string? given, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (SwitchboardAddress? address, Finding found) = AddressCheck.Read(given);
        yield return found;
        bool isOpen = address is not null;
        if (address?.Path is { } path)
        {
            foreach (Finding finding in SocketCheck.Run(path))
            {
                yield return finding;
                isOpen &= finding.Verdict != Verdict.Problem;
            }
        }

        if (isOpen)
        {
            await foreach (Finding finding in BoardChecks.RunAsync(address!, Patience, cancellationToken).ConfigureAwait(false))
            {
                yield return finding;
            }
        }

        foreach (Finding finding in MachineChecks.Run(KernelFeature.All))
        {
            yield return finding;
        }
    }
}
