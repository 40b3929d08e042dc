// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Reads the configuration again while the switchboard runs: on the caller's thread, so that the loop does not wait for
/// the disk; only a good one is then put into force on the loop. For one caller at a time. Owns nothing.
/// </summary>
internal sealed class Reload(
    SwitchboardOptions options, EventLoop loop, Board board, PublicDoor door, Doors doors, AuditLog? audit,
    ILogger logger)
{
    /// <summary>Opens the audit log again, reads the configuration, and logs the outcome.</summary>
    /// <returns>What is wrong; empty: it holds.</returns>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        try
        {
            audit?.Reopen();
        }
        catch (IOException e)
        {
            AuditMessages.NotReopened(logger, e.Message);
            return [e.Message, .. await ReadAsync()];
        }

        return await ReadAsync();
    }

    private async Task<IReadOnlyList<string>> ReadAsync()
    {
        if (options.Configuration.Source.Path is null)
        {
            return [];
        }

        ConfigurationResult read = options.Configuration.Source.Read();
        if (read.Configuration is not { } configuration)
        {
            foreach (string error in read.Errors)
            {
                HostingLog.WrongConfiguration(logger, error);
            }

            HostingLog.NotReloaded(logger, read.Errors.Count);
            return read.Errors;
        }

        await loop.Invoke(() =>
        {
            door.Use(configuration.Grants, configuration.Remedy);
            board.Handles.Quotas.Use(configuration.PerUser, configuration.PerHandle);
        });
        if (options.Mode is null)
        {
            doors.SetMode(configuration.DefaultMode);
        }

        HostingLog.Reloaded(logger, configuration.Source.Path ?? "no file", configuration.Grants.Grants.Length);
        return [];
    }
}
