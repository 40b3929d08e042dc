// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.CommandLine;

/// <summary>
/// When nothing matches a connect: the label key that may have been meant instead of a given one. It must be a slip away from a
/// key that the tools of Flower use, or, if the handle may list, from one that stands on the board, and be neither itself.
/// </summary>
public static class MistypedKey
{
    private const int MaxTargets = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly string[] WellKnown =
    [
        "address_family", "client_address", "client_port", "client_uid", "client_gid", "client_pid", "server_address",
        "server_port", "server_path", "server_hostname", "server_service", "tls_server_name", "tls_alpn", "http_host",
    ];

    /// <summary>Connects.</summary>
    /// <exception cref="ToolException">Nothing matches, in the switchboard's words with the hint after them.</exception>
    /// <exception cref="FlowerException">As for <see cref="Handle.ConnectAsync"/>.</exception>
    public static async Task<Connection> ConnectOrHintAsync(
        this Handle handle, LabelSet labels, ConnectOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentNullException.ThrowIfNull(labels);
        try
        {
            return await handle.ConnectAsync(labels, options, cancellationToken);
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.NotFound)
        {
            string hint = Hint(labels, await KeysOnBoardAsync(handle, cancellationToken));
            if (hint.Length == 0)
            {
                throw;
            }

            throw new ToolException(Tool.CodeOf(e), e.Message + hint, e);
        }
    }

    /// <summary><c>; did you mean 'KEY'?</c> for the first given key of which that may be said, or nothing.</summary>
    /// <param name="labels">As they were given.</param>
    /// <param name="onBoard">The keys that targets state or require.</param>
    public static string Hint(LabelSet labels, IReadOnlyCollection<string> onBoard)
    {
        ArgumentNullException.ThrowIfNull(labels);
        string[] known = [.. WellKnown, .. onBoard];
        string? meant = labels.Labels.Select(label => label.Key).Concat(labels.RequiredKeys)
            .Where(key => !known.Contains(key))
            .Select(key => Suggestion.Nearest(key, known))
            .FirstOrDefault(near => near is not null && !labels.States(near));
        return meant is null ? "" : $"; did you mean '{LabelRules.Printable(meant)}'?";
    }

    // A hint is not worth waiting for, nor another error.
    private static async Task<IReadOnlyCollection<string>> KeysOnBoardAsync(Handle handle, CancellationToken cancellationToken)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            int targets = 0;
            await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty, limit.Token))
            {
                keys.UnionWith(target.Labels.Select(label => label.Key)
                    .Where(key => !key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal)));
                keys.UnionWith(target.RequiredKeys);
                if (++targets == MaxTargets)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (
            e is FlowerException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It may not list, or the switchboard is slow, or has gone.
        }

        return keys;
    }
}
