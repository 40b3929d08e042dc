// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Resolver;

/// <summary>Knows what names stand for. For any number of questions at once.</summary>
internal interface INames
{
    /// <summary>Says what labels stand for.</summary>
    /// <param name="question">Those labels of a request that the resolver translates.</param>
    /// <param name="cancellationToken">Nobody waits any longer.</param>
    /// <exception cref="NameException">It cannot be said at the moment.</exception>
    Task<NameAnswer> ResolveAsync(LabelSet question, CancellationToken cancellationToken);
}
