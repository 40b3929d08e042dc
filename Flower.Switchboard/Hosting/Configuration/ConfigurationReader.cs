// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using System.Text.Json;
using Flower.Switchboard.Grants;
using Microsoft.Extensions.Configuration;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Reads the configuration by hand, so that it is trimmed cleanly, an unknown key is an error, and every error is found in
/// one go. One object a reading.
/// </summary>
internal sealed class ConfigurationReader(ConfigurationErrors errors, IAccounts accounts)
{
    private const string GrantsKey = "grants";

    private static readonly string[] Keys = [GrantsKey];

    /// <summary>The grants that are good; those of a file with errors are of no use.</summary>
    public ImmutableArray<Grant> Read(byte[] json)
    {
        if (Open(json) is not { } root)
        {
            return [];
        }

        var grants = ImmutableArray.CreateBuilder<Grant>();
        foreach (IConfigurationSection section in Sections.Known(root, "", Keys, errors))
        {
            // The only key there is.
            AddGrants(section, grants);
        }

        return grants.DrainToImmutable();
    }

    private void AddGrants(IConfigurationSection section, ImmutableArray<Grant>.Builder grants)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            errors.Add(section.Key, "must be a list of grants: [ { \"who\": …, \"rights\": … } ]");
            return;
        }

        var reader = new GrantReader(errors, accounts);
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!Sections.IsIndex(child.Key))
            {
                errors.Add(section.Key, "must be a list of grants: [ { \"who\": …, \"rights\": … } ]");
                return;
            }

            if (reader.Read(child, $"{section.Key}[{child.Key}]") is { } grant)
            {
                grants.Add(grant);
            }
        }
    }

    private IConfigurationRoot? Open(byte[] json)
    {
        try
        {
            using var stream = new MemoryStream(json, writable: false);
            return new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (JsonException e)
        {
            // Counted from 0 there.
            errors.Add($"line {e.LineNumber + 1}: not JSON: {Words(e.Message)}");
        }
        catch (FormatException e) when (e.InnerException is JsonException inner)
        {
            errors.Add($"line {inner.LineNumber + 1}: not JSON: {Words(inner.Message)}");
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or ArgumentException)
        {
            errors.Add($"{e.Message.TrimEnd('.')}; upper and lower case do not tell keys apart");
        }

        return null;
    }

    private static string Words(string message)
    {
        int at = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (at < 0 ? message : message[..at]).TrimEnd('.');
    }
}
