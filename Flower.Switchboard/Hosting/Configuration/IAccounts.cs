// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>The users and groups of the machine. May ask a server far away, so never on the loop.</summary>
internal interface IAccounts
{
    /// <summary>The uid of a user; null: there is none of this name.</summary>
    uint? FindUser(string name);

    /// <summary>The gid of a group; null: there is none of this name.</summary>
    uint? FindGroup(string name);
}
