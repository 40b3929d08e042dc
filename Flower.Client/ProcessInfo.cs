// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>A process, as the kernel named it to the switchboard; it may have ended since.</summary>
/// <param name="Id">Its process id, in the pid namespace of the switchboard.</param>
/// <param name="UserId">Its user id.</param>
public readonly record struct ProcessInfo(int Id, uint UserId)
{
    internal static ProcessInfo From(ProcessCredentials? process) => process is null ? default : new(process.Pid, process.Uid);
}
