// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Quotas;
using Microsoft.Extensions.Configuration;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Reads the configuration by hand, so that it is trimmed cleanly, an unknown key is an error, and every error is found
/// in one go. One object a reading.
/// </summary>
internal sealed class ConfigurationReader(ConfigurationErrors errors, IAccounts accounts)
{
    private const string GrantsKey = "grants";
    private const string QuotasKey = "quotas";
    private const string UserKey = "user";
    private const string HandleKey = "handle";

    private static readonly string[] Keys = [GrantsKey, QuotasKey];
    private static readonly string[] QuotaKeys = [UserKey, HandleKey];

    /// <summary>The limits of each user, once read.</summary>
    public QuotaLimits PerUser { get; private set; } = QuotaLimits.PerUser;

    /// <summary>The limits of each handle, once read.</summary>
    public QuotaLimits PerHandle { get; private set; } = QuotaLimits.PerHandle;

    /// <summary>The grants that are good; those of a file with errors are of no use.</summary>
    public ImmutableArray<Grant> Read(byte[] json)
    {
        if (!new JsonShape(errors).Check(json))
        {
            return [];
        }

        using var stream = new MemoryStream(json, writable: false);
        IConfigurationRoot root = new ConfigurationBuilder().AddJsonStream(stream).Build();
        var grants = ImmutableArray.CreateBuilder<Grant>();
        foreach (IConfigurationSection section in Sections.Known(root, "", Keys, errors))
        {
            if (section.Key == GrantsKey)
            {
                AddGrants(section, grants);
            }
            else
            {
                ReadQuotas(section);
            }
        }

        return grants.DrainToImmutable();
    }

    private void ReadQuotas(IConfigurationSection section)
    {
        if (!Sections.IsObject(section))
        {
            errors.Add(section.Key, "must be an object: { \"user\": { … }, \"handle\": { … } }");
            return;
        }

        foreach (IConfigurationSection child in Sections.Known(section, section.Key, QuotaKeys, errors))
        {
            string place = $"{section.Key}.{child.Key}";
            if (child.Key == UserKey)
            {
                PerUser = QuotaReader.Read(child, place, PerUser, errors);
            }
            else
            {
                PerHandle = QuotaReader.Read(child, place, PerHandle, errors);
            }
        }
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
}
