// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>The users and groups as the C library knows them (getpwnam(3), getgrnam(3)).</summary>
internal sealed class SystemAccounts : IAccounts
{
    public uint? FindUser(string name) => Syscall.getpwnam(name)?.pw_uid;

    public uint? FindGroup(string name) => Syscall.getgrnam(name)?.gr_gid;
}
